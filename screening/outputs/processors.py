"""How this system shares its processors among processes."""

from pathlib import Path


def shared_by_session(root: Path = Path("/")) -> bool:
    """Does Linux share them among sessions ("autogroup"), and not among control groups?

    Sessions count only for what is in no control group with a share of its own, as on a server
    without containers. `root` is where the system's folders are.
    """
    try:
        if (root / "proc/sys/kernel/sched_autogroup_enabled").read_text("ascii").strip() != "1":
            return False
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
        ours = dict(line.split(":", 2)[1:] for line in lines)
    except (OSError, ValueError):
        return False
    if of_processors := [ours[names] for names in ours if "cpu" in names.split(",")]:
        return of_processors == ["/"]
    folder = root / "sys/fs/cgroup" / ours.get("", "").strip("/")
    shares = (above / "cpu.weight" for above in (folder, *folder.parents))
    return folder.is_dir() and not any(share.exists() for share in shares)
