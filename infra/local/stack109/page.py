"""The page at the end of a start: where things are, who can log in, where the logs are."""

from stack109.environment import DEMO_PASSWORD, MACHINES, SIMULATED, Stack

ROLES = ("operator", "senior", "executor", "analyst", "lawyer", "head", "tenant-admin", "auditor")


def text(stack: Stack, *, base_only: bool) -> str:
    """The page as text for a terminal."""
    urls = stack.variables()
    lines = ["", "─" * 78]
    if not base_only:
        lines += [
            "109 is ready",
            f"  Consoles        {urls['DISPATCH_URL']}/",
            f"    operator      {urls['DISPATCH_URL']}/t/petropavl/op",
            f"    service       {urls['DISPATCH_URL']}/t/petropavl/svc",
            f"  JSON API        {urls['DISPATCH_URL']}/api/openapi.json",
            f"  Hub 112         {urls['HUB_URL']}/",
            f"    desks         {urls['HUB_URL']}/hub/101   …/102 …/103 …/104 …/112",
            *_machines(stack),
            f"  JSON API        {urls['HUB_URL']}/api/openapi.json",
            f"  Region          {urls['REGION_URL']}/",
            f"    the wall      {urls['REGION_URL']}/rc/wall   orders, alerts and figures beside it",
            f"  JSON API        {urls['REGION_URL']}/api/openapi.json",
            "",
            f"  Log in as       <role>.<tenant>   password {DEMO_PASSWORD}   (for every demo person)",
            f"    roles         {', '.join(ROLES)}",
            "    for example   operator.petropavl, executor.petropavl, senior.aiyrtau",
            "    at the hub    operator.<desk>, operator2.<desk> such as operator.103; lead.112 leads all desks",
            "    at the region region.command, region.duty",
            "  Token for curl  make token PERSON=operator.petropavl (or region.command, operator.103@hub, service-103)",
            "",
        ]
    admin = stack.vault.folder / "keycloak-admin"
    lines += [
        f"  Keycloak        {urls['KEYCLOAK_URL']}/admin/   user admin, password in {admin}",
        f"  NATS            {urls['NATS_URL']}   monitor {urls['NATS_MONITOR_URL']}",
        f"  PostgreSQL      127.0.0.1:{urls['PGPORT']}   addresses with passwords: make env",
        f"  Logs            {stack.instance.logs}/   (make logs)",
        "  Also            make status · make env · make down",
        "─" * 78,
    ]
    return "\n".join(lines)


def _machines(stack: Stack) -> list[str]:
    if MACHINES not in stack.services():
        return []
    return [f"    machines      answer at {' and '.join(SIMULATED)}; people at the others, in a browser"]
