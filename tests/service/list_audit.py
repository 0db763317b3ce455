"""An audit log in a list, which can be told to fail."""

from dataclasses import dataclass, field

from service.audit import AuditUnavailable


@dataclass(slots=True)
class ListAudit:
    entries: list[tuple[str, str, str]] = field(default_factory=list)
    is_down: bool = False

    def write(self, actor: str, act: str, subject: str = "") -> None:
        if self.is_down:
            raise AuditUnavailable
        self.entries.append((actor, str(act), subject))

    def acts(self) -> list[str]:
        return [act for _, act, _ in self.entries]
