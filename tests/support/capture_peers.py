"""The usual recipes for finding a sheet, written by us as commonly told: our finder is measured against them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels

Points = npt.NDArray[np.float64]


def canny_four_point(frame: Pixels) -> Points | None:
    """Shrink to 500 rows, blur, Canny 75/200, five largest contours, the first that approxPolyDP makes a quad."""
    scale = frame.shape[0] / 500
    small = cv2.resize(frame, (round(frame.shape[1] / scale), 500), interpolation=cv2.INTER_AREA)
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    contours, _ = cv2.findContours(cv2.Canny(gray, 75, 200), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
        shape = cv2.approxPolyDP(contour, 0.02 * cv2.arcLength(contour, True), True)
        if len(shape) == 4:
            return np.asarray(shape.reshape(4, 2) * scale, np.float64)
    return None


def otsu_hull(frame: Pixels) -> Points | None:
    """Shrink, Otsu, the largest blob's hull, loosened until it has four corners; else its smallest rectangle."""
    scale = frame.shape[0] / 500
    small = cv2.resize(frame, (round(frame.shape[1] / scale), 500), interpolation=cv2.INTER_AREA)
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    _, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    for share in np.arange(0.01, 0.1, 0.005):
        shape = cv2.approxPolyDP(hull, float(share) * cv2.arcLength(hull, True), True)
        if len(shape) == 4:
            return np.asarray(shape.reshape(4, 2) * scale, np.float64)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)) * scale, np.float64)


def hough_largest(frame: Pixels) -> Points | None:
    """Shrink, close, Canny, Hough lines; the largest convex quad that two pairs of roughly parallel lines enclose."""
    scale = frame.shape[0] / 400
    small = cv2.resize(frame, (round(frame.shape[1] / scale), 400), interpolation=cv2.INTER_AREA)
    gray = cv2.morphologyEx(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    found = cv2.HoughLines(cv2.Canny(cv2.GaussianBlur(gray, (3, 3), 0), 50, 150), 1, np.pi / 180, 80)
    if found is None:
        return None
    lines = [tuple(float(v) for v in line) for line in found.reshape(-1, 2)]
    kept: list[tuple[float, float]] = []
    for rho, theta in lines:
        if all(_apart(rho, theta, *other) for other in kept):
            kept.append((rho, theta))
        if len(kept) == 10:
            break
    return _largest(kept, small.shape[1], small.shape[0], scale)


def _apart(rho: float, theta: float, other_rho: float, other_theta: float) -> bool:
    turn = abs(theta - other_theta)
    if turn > np.pi / 2:
        turn, rho = np.pi - turn, -rho
    return turn > np.deg2rad(10) or abs(rho - other_rho) > 15


def _largest(lines: list[tuple[float, float]], width: int, height: int, scale: float) -> Points | None:
    best, best_area = None, 0.0
    turns = [(i, j) for i in range(len(lines)) for j in range(i) if abs(np.cos(lines[i][1] - lines[j][1])) > 0.9]
    for i, j in turns:
        for k, m in turns:
            if len({i, j, k, m}) < 4 or abs(np.cos(lines[i][1] - lines[k][1])) > 0.5:
                continue
            quad = np.array([_meet(lines[a], lines[b]) for a, b in ((i, k), (k, j), (j, m), (m, i))])
            if (quad < -5).any() or (quad > (width + 5, height + 5)).any():
                continue
            area = abs(cv2.contourArea(quad.astype(np.float32)))
            if area > best_area and cv2.isContourConvex(quad.astype(np.float32)):
                best, best_area = quad, area
    return None if best is None else np.asarray(best * scale, np.float64)


def _meet(one: tuple[float, float], two: tuple[float, float]) -> Points:
    left = np.array([[np.cos(one[1]), np.sin(one[1])], [np.cos(two[1]), np.sin(two[1])]])
    return np.asarray(np.linalg.solve(left, np.array([one[0], two[0]])), np.float64)


def closed_contour(frame: Pixels) -> Points | None:
    """Shrink to 500 rows, close print away, Canny 0/84, the largest of five contours that is a quad of a quarter frame.

    As the scanner of four sample photographs that many copy does, with its smallest area and coarse approximation.
    """
    scale = frame.shape[0] / 500
    small = cv2.resize(frame, (round(frame.shape[1] / scale), 500), interpolation=cv2.INTER_AREA)
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (7, 7), 0)
    closed = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    edges = cv2.dilate(cv2.Canny(closed, 0, 84), np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
        shape = cv2.approxPolyDP(contour, 80, True)
        if len(shape) == 4 and cv2.contourArea(shape) > 0.25 * small.shape[0] * small.shape[1]:
            return np.asarray(shape.reshape(4, 2) * scale, np.float64)
    return None


PEERS: dict[str, Callable[[Pixels], Points | None]] = {
    "canny 4-point": canny_four_point,
    "otsu hull": otsu_hull,
    "hough largest": hough_largest,
    "closed contour": closed_contour,
}
