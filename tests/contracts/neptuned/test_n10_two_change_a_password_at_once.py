"""N10: of two sessions that change the password at once one does, and the other one is not signed in any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contracts.neptuned.neptune import Neptune, refused

NEW = ("battery staple", "purple monkey")


def test_n10_one_of_two_changes_it(neptune: Neptune) -> None:
    for _ in range(5):
        user = neptune.user()
        tokens = [user.token, neptune.login(user.name)]
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(neptune.ask, "POST", "change_password", {"password": new}, token=token)
                     for new, token in zip(NEW, tokens, strict=True)]  # fmt: skip
        answers = [one.result() for one in asked]
        assert sorted(answer.status_code for answer in answers) == [200, 401]
        won = 0 if answers[0].status_code == 200 else 1
        refused(answers[1 - won], 401)
        assert [neptune.enters(user.name, new) for new in NEW] == [won == 0, won == 1]
