"""First program of suites/pytests.py inside the root: as an ordinary user, `python3 -m test ARGUMENTS`.

It undoes what the caller's shell may have left (signals ignored by a background job, core files) and drops
the rights of the root's id 0."""
import os
import resource
import signal
import sys

USER = 1000
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
os.umask(0o022)
os.setgroups([])
os.setgid(USER)
os.setuid(USER)
os.environ.update(HOME="/home/tester", USER="tester", LOGNAME="tester", LC_ALL="C.UTF-8",
                  PATH="/usr/local/bin:/usr/bin:/bin", TMPDIR="/tmp")
os.chdir("/home/tester")
os.execv("/usr/bin/python3", ["/usr/bin/python3", "-m", "test", *sys.argv[1:]])
