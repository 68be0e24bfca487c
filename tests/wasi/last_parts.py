"""What Linux does with the last part of a path: every operation on every kind of end.

    python3 tests/wasi/last_parts.py > tests/wasi/last_parts.json

The system calls are made as they are, relative to a directory, in a tree that is planted anew
after each change. Out comes {operation: {path: answer}}; an answer is an errno's name, or what is
gone (-) and new (+) afterwards, if anything. tests/wasi/last_parts_test.ts compares Windlass with
that, and runs this program again where there is a Python to run it.
"""
import errno, json, os, shutil, stat, tempfile

NAMES = ["f", "d", "d2", "lf", "ld", "ld2", "dang", "new"]
ENDS = ["", "/", "/.", "/.."]
OTHERS = ["f//", "d//", "d/./", "d/../", "new/./", ".", "./", "d/in/.", "d/in/..", "d/in/../", "ld/in", "ld/in/..", "f/x", "lf/x", "dang/x", "new/x"]


def plant(base):
    os.makedirs(base + "/d/in")
    for name in ["d2", "e"]:
        os.mkdir(base + "/" + name)
    for name in ["f", "g", "d/in/x"]:
        with open(base + "/" + name, "w") as file:
            file.write(name)
    for name, to in {"lf": "f", "ld": "d", "ld2": "d2", "dang": "nowhere"}.items():
        os.symlink(to, base + "/" + name)


def picture(base):
    """One line for each name: what it is, and whether its time was set."""
    lines = set()
    for at, directories, files in os.walk(base):
        for path in [at] + [at + "/" + name for name in files + [d for d in directories if os.path.islink(at + "/" + d)]]:
            is_now = os.lstat(path)
            kind = {stat.S_IFDIR: "directory", stat.S_IFLNK: "link", stat.S_IFREG: f"file {is_now.st_size}"}
            name, timed = os.path.relpath(path, base), " timed" if is_now.st_mtime == 5 else ""
            lines.add(f"{name} {kind[stat.S_IFMT(is_now.st_mode)]}{timed}")
    return lines


def opening(flags, follow):
    flags |= 0 if follow else os.O_NOFOLLOW
    return lambda path, at: os.close(os.open(path, flags, 0o666, dir_fd=at))


def moving(call, name, **more):
    return (
        lambda path, at: call(path, name, src_dir_fd=at, dst_dir_fd=at, **more),
        lambda path, at: call(name, path, src_dir_fd=at, dst_dir_fd=at, **more),
    )


OPERATIONS = {
    "create-directory-at": lambda path, at: os.mkdir(path, dir_fd=at),
    "remove-directory-at": lambda path, at: os.rmdir(path, dir_fd=at),
    "unlink-file-at": lambda path, at: os.unlink(path, dir_fd=at),
    "rename-at, from": moving(os.rename, "moved")[0],
    "rename-at, a file to": moving(os.rename, "g")[1],
    "rename-at, a directory to": moving(os.rename, "e")[1],
    "link-at, from": moving(os.link, "made", follow_symlinks=False)[0],
    "link-at, to": moving(os.link, "g", follow_symlinks=False)[1],
    "symlink-at": lambda path, at: os.symlink("to", path, dir_fd=at),
    "readlink-at": lambda path, at: os.readlink(path, dir_fd=at),
    "stat-at": lambda path, at: os.stat(path, dir_fd=at, follow_symlinks=False),
    "stat-at, following": lambda path, at: os.stat(path, dir_fd=at),
    "set-times-at": lambda path, at: os.utime(path, (5, 5), dir_fd=at, follow_symlinks=False),
    "set-times-at, following": lambda path, at: os.utime(path, (5, 5), dir_fd=at),
}
OPENINGS = {
    "reading": os.O_RDONLY,
    "writing": os.O_RDWR,
    "creating": os.O_RDWR | os.O_CREAT,
    "creating to read": os.O_RDONLY | os.O_CREAT,
    "creating exclusively": os.O_RDWR | os.O_CREAT | os.O_EXCL,
    "exclusively": os.O_RDONLY | os.O_EXCL,
    "a directory": os.O_RDONLY | os.O_DIRECTORY,
    "truncating": os.O_RDWR | os.O_TRUNC,
}
for words, flags in OPENINGS.items():
    OPERATIONS[f"open-at, {words}"] = opening(flags, False)
    OPERATIONS[f"open-at, {words}, following"] = opening(flags, True)


class Tree:
    """A directory that is planted anew after each change."""

    def __enter__(self):
        self.base = tempfile.mkdtemp()
        plant(self.base)
        self.lines, self.at = picture(self.base), os.open(self.base, os.O_DIRECTORY)
        return self

    def __exit__(self, *_):
        os.close(self.at)
        shutil.rmtree(self.base)

    def answer(self, operation, path):
        try:
            operation(path, self.at)
        except OSError as error:
            return errno.errorcode[error.errno]
        before, after = self.lines, picture(self.base)
        changes = sorted(["-" + line for line in before - after] + ["+" + line for line in after - before])
        if changes:
            self.__exit__()
            self.__enter__()
        return ", ".join(changes)


paths = [name + end for name in NAMES for end in ENDS] + OTHERS
with Tree() as tree:
    table = {name: {path: tree.answer(operation, path) for path in paths} for name, operation in OPERATIONS.items()}
print("{")
for i, (name, row) in enumerate(table.items()):
    print(f"  {json.dumps(name)}: {{")
    print(",\n".join(f"    {json.dumps(path)}: {json.dumps(said)}" for path, said in row.items()))
    print("  }" + ("," if i + 1 < len(table) else ""))
print("}")
