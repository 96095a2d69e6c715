// The page begins here: it finds out where the server is and who was here last, and puts the parts together.

import { Session } from "./session.js";
import { View } from "./view.js";

/** What a browser keeps for the next time; one that keeps nothing asks again. */
const storage = {
  get(name) {
    try {
      return localStorage.getItem(name) ?? "";
    } catch {
      return "";
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // Then it is asked for again.
    }
  },
};

const url = new URL("/irc", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";

// `http://host/#channel` is the way into a channel.
const asked = location.hash.length > 1 ? [decodeURIComponent(location.hash)] : [];
const before = storage.get("channels").split(",").filter(Boolean);
const channels = [...new Set([...asked, ...before])];

const view = new View(storage);
view.begin(new Session(url.href, view), {
  nick: storage.get("nick"),
  channels: channels.length > 0 ? channels : ["#lobby"],
});
