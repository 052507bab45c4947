"""Drops files on an X11 window by the XDND protocol, without a mouse or a toolkit.

Usage: xdnd_send.py WINDOW_ID X Y FILE...   (X and Y in root coordinates)
Needs python3-xlib. Exit status 0 once the window has taken the drop.
"""

import os
import select
import sys
import time
import urllib.parse

from Xlib import X, display
from Xlib.protocol import event

PATIENCE_SECS = 10
ACCEPTED = 1


def main():
    window_id, x, y, *files = sys.argv[1:]
    screen = display.Display()
    atom = screen.intern_atom
    target = screen.create_resource_object("window", int(window_id, 0))
    source = screen.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    uris = "".join("file://" + urllib.parse.quote(os.path.abspath(f)) + "\r\n" for f in files)
    source.set_selection_owner(atom("XdndSelection"), X.CurrentTime)

    def send(name, data):
        target.send_event(event.ClientMessage(window=target, client_type=atom(name), data=(32, data)))
        screen.flush()

    send("XdndEnter", [source.id, 5 << 24, atom("text/uri-list"), 0, 0])
    position = (int(x) << 16) | int(y)
    send("XdndPosition", [source.id, 0, position, X.CurrentTime, atom("XdndActionCopy")])
    dropped = False
    end = time.time() + PATIENCE_SECS
    while time.time() < end:
        if not screen.pending_events():
            select.select([screen], [], [], 0.1)
        while screen.pending_events():
            got = screen.next_event()
            if got.type == X.SelectionRequest:
                got.requestor.change_property(got.property, got.target, 8, uris.encode())
                got.requestor.send_event(
                    event.SelectionNotify(
                        time=got.time,
                        requestor=got.requestor,
                        selection=got.selection,
                        target=got.target,
                        property=got.property,
                    )
                )
                screen.flush()
            elif got.type == X.ClientMessage:
                name = screen.get_atom_name(got.client_type)
                if name == "XdndStatus" and not dropped:
                    if not got.data[1][1] & ACCEPTED:
                        sys.exit("the window refuses files")
                    dropped = True
                    send("XdndDrop", [source.id, 0, X.CurrentTime, 0, 0])
                elif name == "XdndFinished":
                    return
    sys.exit("the window did not take the drop")


main()
