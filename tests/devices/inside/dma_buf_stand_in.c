/*
 * LD_PRELOAD for a host whose kernel gives no DMA buffers: memory files stand in for them.
 *
 * libcamera asks for its frame buffers at /dev/dma_heap or /dev/udmabuf. A unit's kernel has them, and so has Debian's; a
 * container or a lean host may not, and level 1 must not depend on the host. A memory file can be mapped and shared as
 * a DMA buffer can, and the virtual camera's frames are written by the processor anyway.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int gives_buffers(const char *path)
{
	return path && (!strncmp(path, "/dev/dma_heap/", 14) || !strcmp(path, "/dev/udmabuf"));
}

static int open_as(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);

	return gives_buffers(path) ? memfd_create("buffer-source", MFD_CLOEXEC) : real(path, flags, mode);
}

#define MODE(flags)                                   \
	({                                            \
		mode_t mode = 0;                      \
		if ((flags) & (O_CREAT | O_TMPFILE)) { \
			va_list more;                 \
			va_start(more, flags);        \
			mode = va_arg(more, mode_t);  \
			va_end(more);                 \
		}                                     \
		mode;                                 \
	})

int open(const char *path, int flags, ...)
{
	return open_as("open", path, flags, MODE(flags));
}

int open64(const char *path, int flags, ...)
{
	return open_as("open64", path, flags, MODE(flags));
}

static int allocate(struct dma_heap_allocation_data *wanted)
{
	int buffer = memfd_create("buffer", MFD_CLOEXEC);

	if (buffer < 0 || ftruncate(buffer, wanted->len))
		return -1;
	wanted->fd = buffer;
	return 0;
}

int ioctl(int descriptor, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list more;
	void *argument;

	va_start(more, request);
	argument = va_arg(more, void *);
	va_end(more);
	switch (request) {
	case DMA_HEAP_IOCTL_ALLOC:
		return allocate(argument);
	case UDMABUF_CREATE:
		return dup((int)((struct udmabuf_create *)argument)->memfd);
	case DMA_BUF_SET_NAME_A:
	case DMA_BUF_SET_NAME_B:
	case DMA_BUF_IOCTL_SYNC:
		return 0;
	}
	return real(descriptor, request, argument);
}
