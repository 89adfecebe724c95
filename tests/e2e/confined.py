#!/usr/bin/python3
"""Runs a program that may open sockets of some families and of no others, as RestrictAddressFamilies= of systemd has it:

    confined.py AF_INET,AF_UNIX PROGRAM [ARGUMENT]...
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}  # the number of the system call
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, FIRST_ARGUMENT = 0, 16  # where struct seccomp_data has them
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def filter_for(families):
    """Each step: operation, how far to jump when equal and when not, and with what."""
    steps = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, len(families) + 2, SOCKET[platform.machine()]), (LOAD, 0, 0, FIRST_ARGUMENT)]
    steps += [(EQUAL, len(families) - at, 0, family) for at, family in enumerate(families)]
    return [*steps, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]


def confine(names):
    steps = filter_for([getattr(socket, name) for name in names])
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = Program(len(steps), code)
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
        if libc.prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {words[0]}")


if __name__ == "__main__":
    confine(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])
