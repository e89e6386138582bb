"""node with a package tree (check-long; tests/guest/fetch.sh BUILD/guests runtimes). npm installs some 400 packages of
tests/programs/runtimes/npm/package.json without a network, from a cache that fetch.sh filled: a postinstall script that
runs a Go program, native modules by their .node files. Then the packages do their work and run their own tests.
All is done by node 18 of Debian amd64 first: the same files, the same texts are expected of arm64's. The trees
stay in BUILD/check/npm; a case runs alone once they are there. Times: BUILD/check/runtimes.txt."""
import os
import re
import shutil

from . import runtimes
from .base import Case, Fail, Skip, compare

# What must differ: code for the processor, and the list of what is installed.
OF_PROCESSOR = re.compile(r"(@esbuild|@rollup/rollup-|@swc/core-|esbuild/bin/esbuild|\.bin/esbuild|\.package-lock\.json)")
NODE = "/usr/bin/node"
LODASH, MOCHA = "own/lodash/lodash.js", "own/mocha/lib/runner.js"
# name: command in the tree; own/ are copies of some packages. Left out, failing natively too: resolve's symlinks.js (its
# package lacks a file).
WORK = {
    "test-qs": "cd own/qs && node ../../node_modules/tape/bin/tape 'test/*.js'",
    "test-resolve": "cd own/resolve && node ../../node_modules/tape/bin/tape 'test/!(symlinks).js'",
    "test-object-inspect": "cd own/object-inspect && node ../../node_modules/tape/bin/tape 'test/*.js'",
    "test-sha": "cd own/sha.js && node ../../node_modules/tape/bin/tape 'test/test.js'",
    "mocha": "node node_modules/.bin/mocha -R json --reporter-options output=result.json spec/*.js >/dev/null; status=$?; "
             "node -p 'JSON.parse(fs.readFileSync(`result.json`)).tests.map(t => t.fullTitle + ` ` + t.err.message)'; exit $status",
    "mocha-parallel": "node node_modules/.bin/mocha --parallel --jobs 2 -R min spec/*.js >/dev/null",
    "tsc": "node node_modules/.bin/tsc --allowJs --outDir ts --target ES5 --module commonjs --skipLibCheck "
           f"{LODASH} own/mocha/lib/*.js; sha256sum ts/*/*.js ts/*/*/*.js",
    "eslint": "node node_modules/.bin/eslint --no-eslintrc --parser-options ecmaVersion:2022 --env node,es2022 --rule "
              "'{no-unused-vars: 1, complexity: [1, 15], indent: 1, no-undef: 1, no-shadow: 1}' -f unix own/express/lib own/mocha/lib",
    "prettier": f"node node_modules/.bin/prettier {LODASH} {MOCHA}",
    "terser": f"node node_modules/.bin/terser {LODASH} -c -m",
    "rollup": "node node_modules/.bin/rollup -f cjs node_modules/acorn/dist/acorn.mjs",
    "esbuild": "node_modules/.bin/esbuild --bundle --platform=node --minify node_modules/express/index.js",
    "swc": f"node -e 'console.log(require(`@swc/core`).transformFileSync(`{LODASH}`, "
           "{jsc: {target: `es5`}, minify: true, sourceMaps: true}))'",
}


def trees(context):
    base = os.path.join(context.out, "npm")
    return [os.path.join(base, n) for n in ("native", "guest")]


def files(top):
    """Relative name to (kind, executable, content)."""
    found = {}
    for folder, folders, names in os.walk(top):
        for n in [*names, *folders]:
            path = os.path.join(folder, n)
            if os.path.islink(path):
                found[os.path.relpath(path, top)] = ("link", os.readlink(path))
            elif os.path.isfile(path):
                with open(path, "rb") as f:
                    found[os.path.relpath(path, top)] = ("file", os.stat(path).st_mode & 0o111, f.read())
    return found


def both(context, name, command):
    """The command of the shell in both trees."""
    native, guest = trees(context)
    want, got = runtimes.both(context, name, os.path.dirname(native), *[f"cd {p} && {command}" for p in (native, guest)])
    want.out = want.out.replace(native.encode(), guest.encode())
    return want, got


def installed(context, again=False):
    source = os.path.join(context.build, "guests", "npm")
    if not os.path.exists(source):
        raise Skip(f"no packages: tests/guest/fetch.sh {context.build}/guests runtimes")
    context.need_myna()
    done = os.path.join(os.path.dirname(trees(context)[0]), "done")
    with context.once("npm"):
        if os.path.exists(done) and not again:
            return
        shutil.rmtree(os.path.dirname(done), ignore_errors=True)
        for tree in trees(context):
            shutil.copytree(source, tree)
            shutil.copytree(context.path("tests/programs/runtimes/npm/spec"), os.path.join(tree, "spec"))
        want, got = both(context, "runtimes/npm-install", f"{NODE} npm/bin/npm-cli.js ci --offline --no-audit --cache cache >&2")
        compare(got, want, "node of amd64")
        if want.status:
            raise Fail("npm fails natively too: " + want.err[-1000:].decode(errors="replace"))
        a, b = (files(os.path.join(t, "node_modules")) for t in trees(context))
        wrong = [n for n in sorted(a.keys() | b.keys()) if a.get(n) != b.get(n) and not OF_PROCESSOR.match(n)]
        if wrong or len(a) < 10000:
            raise Fail(f"{len(wrong)} of {len(a)} files differ: {wrong[:10]}\ncommand: {got.shell()}")
        for tree in trees(context):
            for name in ("qs", "resolve", "object-inspect", "sha.js", "lodash", "mocha", "express"):
                shutil.copytree(os.path.join(tree, "node_modules", name), os.path.join(tree, "own", name), symlinks=True)
        open(done, "w").close()


def work(name, command):
    def test(context):
        installed(context)
        want, got = both(context, "runtimes/npm-" + name, command)
        # Times of TAP and of mocha's reports are not results.
        for o in (want, got):
            o.out = re.sub(rb"\(?\d+(\.\d+)?m?s\)?", b"T", o.out) if name.startswith(("test", "mocha")) else o.out
        compare(got, want, "node of amd64")
        if not want.out and want.status:
            raise Fail("fails natively too: " + want.err[-500:].decode(errors="replace"))
    return test


def cases(context):
    return [Case("runtimes/npm-install", lambda c: installed(c, again=True), 2)] + \
        [Case("runtimes/npm-" + name, work(name, command), 2) for name, command in WORK.items()]
