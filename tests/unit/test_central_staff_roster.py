"""The staff: roles and their rights, passwords that nobody can read back, and doors that cannot be locked for all."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from central.ledger import facts
from central.staff.passwords import (
    _NOBODYS,
    PASSWORD_MAX,
    PASSWORD_MIN,
    PasswordRefused,
    hash_password,
    is_outdated,
    is_password,
)
from central.staff.roles import Role, StaffRefused, member
from central.staff.roster import SignInRefused, StaffDataRefused, enter_sign_in, put_staff, set_password
from tests.support.rules_hall import HallInMemory


@pytest.fixture
def hall() -> Iterator[HallInMemory]:
    made = HallInMemory()
    with made.work() as work:
        put_staff("admin", "管理员", [Role.ADMIN], actor="init", work=work)
        put_staff("officer-1", "经办人一", [Role.OFFICER], desks=["社会保障科"], actor="init", work=work)
        put_staff("boss", "主管", [Role.SUPERVISOR], actor="init", work=work)
    yield made
    made.close()


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password("一窗通办通办通办")


def test_the_right_password_opens_and_every_other_does_not(password_hash: str) -> None:
    assert is_password(password_hash, "一窗通办通办通办")
    for wrong in ("", "一窗通办通办", "一窗通办通办通办 ", password_hash):
        assert not is_password(password_hash, wrong)


def test_one_password_has_a_new_hash_each_time(password_hash: str) -> None:
    assert hash_password("一窗通办通办通办") != password_hash
    assert password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("length", [PASSWORD_MIN - 1, PASSWORD_MAX + 1])
def test_a_password_out_of_bounds_is_refused(length: int) -> None:
    with pytest.raises(PasswordRefused, match="8 to 128"):
        hash_password("x" * length)


def test_the_bounds_themselves_are_taken() -> None:
    assert is_password(hash_password("x" * PASSWORD_MIN), "x" * PASSWORD_MIN)
    assert is_password(hash_password("x" * PASSWORD_MAX), "x" * PASSWORD_MAX)


@pytest.mark.parametrize("damaged", ["", "$argon2id$", "plain"])
def test_a_damaged_hash_opens_nothing(damaged: str) -> None:
    assert not is_password(damaged, "whatever")


def test_an_unknown_name_costs_a_whole_check_and_is_never_right() -> None:
    """Who asks must not learn from the time which names exist: an unknown one is checked against nobody's hash."""
    start = time.process_time()

    assert not is_password(None, "whatever")

    assert time.process_time() - start > 0.002  # a plain refusal takes microseconds
    assert not is_outdated(_NOBODYS)  # the same parameters as everybody's


def test_a_hash_of_weaker_days_is_noticed(password_hash: str) -> None:
    assert not is_outdated(password_hash)
    assert is_outdated(password_hash.replace("m=19456", "m=8192"))


def test_a_sign_in_is_an_entry_and_a_wrong_one_is_none(hall: HallInMemory) -> None:
    with hall.work() as work:
        assert enter_sign_in("officer-1", is_right=True, work=work).name == "经办人一"
    for staff_id, is_right in (("officer-1", False), ("nobody", True)):
        with pytest.raises(SignInRefused) as refusal, hall.work() as work:
            enter_sign_in(staff_id, is_right=is_right, work=work)
        assert refusal.value.notice == "工号或口令不对，请重新输入。"  # the same for both

    assert [fact.staff_id for fact in hall.facts(facts.SignedIn)] == ["officer-1"]


def test_who_is_no_longer_on_the_staff_does_not_sign_in(hall: HallInMemory) -> None:
    with hall.work() as work:
        put_staff("officer-1", "经办人一", [Role.OFFICER], active=False, actor="admin", work=work)

    with pytest.raises(SignInRefused), hall.work() as work:
        enter_sign_in("officer-1", is_right=True, work=work)


def test_a_changed_password_is_an_entry_that_does_not_say_it(hall: HallInMemory, password_hash: str) -> None:
    with hall.work() as work:
        set_password("officer-1", password_hash, actor="admin", work=work)

    with hall.work() as work:
        assert work.staff.password_hash("officer-1") == password_hash
    last = hall.entries()[-1]
    assert (last.kind, last.actor) == ("password-changed/1", "admin")
    assert all("argon2" not in entry.body for entry in hall.entries())
    with pytest.raises(StaffRefused), hall.work() as work:
        set_password("nobody", password_hash, actor="admin", work=work)


@pytest.mark.parametrize(
    ("staff_id", "name", "roles", "desks", "rule"),
    [
        ("A1", "某", [Role.CLERK], [], "staff number"),
        ("a", "某", [Role.CLERK], [], "staff number"),
        ("a" * 33, "某", [Role.CLERK], [], "staff number"),
        ("a/../b", "某", [Role.CLERK], [], "staff number"),
        ("clerk-1", "", [Role.CLERK], [], "a name"),
        ("clerk-1", "名" * 41, [Role.CLERK], [], "a name"),
        ("clerk-1", "一\n二", [Role.CLERK], [], "a name"),
        ("clerk-1", "某", [], [], "roles"),
        ("clerk-1", "某", [Role.CLERK, Role.CLERK], [], "roles"),
        ("clerk-1", "某", [Role.CLERK], ["社会保障科"], "only an officer"),
        ("clerk-1", "某", [Role.OFFICER], [""], "desks"),
        ("clerk-1", "某", [Role.OFFICER], [f"科{number}" for number in range(31)], "30 desks"),
    ],
)
def test_wrong_staff_data_is_refused(
    hall: HallInMemory, staff_id: str, name: str, roles: list[Role], desks: list[str], rule: str
) -> None:
    with pytest.raises(StaffDataRefused, match=rule), hall.work() as work:
        put_staff(staff_id, name, roles, desks=desks, actor="admin", work=work)


@pytest.mark.parametrize(("roles", "active"), [([Role.CLERK], True), ([Role.ADMIN], False)])
def test_the_hall_never_loses_its_last_administrator(hall: HallInMemory, roles: list[Role], active: bool) -> None:
    with pytest.raises(StaffRefused, match="one active administrator"), hall.work() as work:
        put_staff("admin", "管理员", roles, active=active, actor="admin", work=work)

    with hall.work() as work:
        put_staff("admin-2", "管理员二", [Role.ADMIN], actor="admin", work=work)
        put_staff("admin", "管理员", roles, active=active, actor="admin-2", work=work)


def test_a_member_needs_one_of_the_roles_and_a_supervisor_has_every_desk(hall: HallInMemory) -> None:
    with hall.work() as work:
        assert member("officer-1", work, Role.OFFICER, desk="社会保障科").staff_id == "officer-1"
        assert member("boss", work, Role.OFFICER, desk="社会保障科").staff_id == "boss"
        assert member("admin", work).staff_id == "admin"
        for staff_id, role, desk in (
            ("officer-1", Role.ADMIN, ""),
            ("officer-1", Role.OFFICER, "司法所"),
            ("admin", Role.OFFICER, ""),
            ("nobody", Role.CLERK, ""),
        ):
            with pytest.raises(StaffRefused):
                member(staff_id, work, role, desk=desk)


def test_a_supervisor_is_no_administrator(hall: HallInMemory) -> None:
    with hall.work() as work, pytest.raises(StaffRefused):
        member("boss", work, Role.ADMIN)
