"""The identity store's indexes agree with its rows, whatever is done to them."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kumoban_emulator.state.identity import Group, IdentityStore, Membership, User

IDS = st.sampled_from(["a", "b", "c"])
NAMES = st.sampled_from(["Sato", "SUZUKI", "ito", "Mori"])


class Store(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = IdentityStore("d-1", "1")

    @rule(user=IDS, name=NAMES)
    def put_user(self, user: str, name: str) -> None:
        holder = self.store.user_named(name)
        if holder is None or holder.id == user:
            self.store.put_user(User(user, {"UserName": name}))

    @rule(group=IDS, name=NAMES)
    def put_group(self, group: str, name: str) -> None:
        holder = self.store.group_named(name)
        if holder is None or holder.id == f"g{group}":
            self.store.put_group(Group(f"g{group}", {"DisplayName": name}))

    @rule(user=IDS, group=IDS)
    def join(self, user: str, group: str) -> None:
        both = self.store.knows("USER", user) and self.store.knows("GROUP", f"g{group}")
        if both and self.store.membership(f"g{group}", user) is None:
            self.store.put_membership(Membership(f"{user}-{group}", f"g{group}", user, 0, ""))

    @rule(user=IDS)
    def drop_user(self, user: str) -> None:
        self.store.drop_user(user)

    @rule(group=IDS)
    def drop_group(self, group: str) -> None:
        self.store.drop_group(f"g{group}")

    @invariant()
    def names_lead_to_their_holders(self) -> None:
        for user in self.store.users.values():
            assert self.store.user_named(user.user_name.upper()) is user
        for name in ("Sato", "SUZUKI", "ito", "Mori"):
            found = self.store.user_named(name)
            assert found is None or found.user_name.casefold() == name.casefold()

    @invariant()
    def memberships_join_what_exists(self) -> None:
        for membership in self.store.memberships.values():
            assert membership.user in self.store.users
            assert membership.group in self.store.groups
            assert membership in self.store.members(membership.group)
            assert membership in self.store.groups_of(membership.user)


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=50, stateful_step_count=30)
