// The session: who we are to the server, and every room we know. What a line of the server does is in `handlers.js`, and how
// all of this looks in `view.js`; of that it knows only whom to tell.

import { Connection } from "./connection.js";
import { handle } from "./handlers.js";
import { History } from "./history.js";
import { compose, fold, parse, split } from "./irc.js";
import { Room } from "./room.js";
import { names } from "./text.js";

/** How many bytes of a text fit into a line with whatever the server puts in front of it. */
const TEXT_MAX = 340;

export class Session {
  nick = "";
  away = false;
  /** What the server calls the network. */
  network = "Chat";
  caps = new Set();
  /** Batches that have begun: name to `{ kind, target, lines }`. */
  batches = new Map();
  rooms = new Map();
  /** Channels that are shown as soon as we are in them. */
  opening = new Set();
  /** Channels whose WHO was asked by us, and not by whoever types. */
  looking = new Set();
  /** What LIST has told so far. */
  listing = null;
  registered = false;
  /** We have been let in once: from then on we come back by ourselves. */
  welcomed = false;
  /** The nick that we would have, if it were free. */
  wantedNick = "";
  #password = "";
  #connection;

  constructor(url, view) {
    this.view = view;
    this.history = new History(this);
    this.server = this.room("");
    this.current = this.server;
    const heard = (text) => this.#hear(text);
    this.#connection = new Connection(url, { heard, changed: (state) => this.#changed(state) });
  }

  /** Connects as `nick`, and joins these channels. */
  start({ nick, password, channels }) {
    this.nick = this.wantedNick = nick;
    this.#password = password;
    for (const name of channels) this.room(name).wanted = true;
    if (channels.length > 0) this.opening.add(fold(channels[0]));
    this.#connection.open();
  }

  /** Leaves for good. */
  quit(reason) {
    this.send("QUIT", reason);
    const channels = [...this.rooms.values()].filter((room) => room.wanted);
    this.welcomed = false;
    for (const room of channels) room.wanted = false;
    this.#connection.close();
    this.view.left(channels.map((room) => room.name));
  }

  get state() {
    return this.#connection.state;
  }

  get retryAt() {
    return this.#connection.retryAt;
  }

  retry() {
    this.#connection.retry();
  }

  /** Sends a command; false if there is nobody to send it to. */
  send(command, ...params) {
    return this.#connection.send(compose(command, ...params));
  }

  /** Sends a line as it was typed. */
  sendRaw(line) {
    return this.#connection.send(line.replace(/[\r\n\0]/g, " "));
  }

  /** Says a text in a room, in as many lines as it needs. */
  say(room, text, { action = false, command = "PRIVMSG" } = {}) {
    if (!this.registered) return false;
    for (const piece of split(text, TEXT_MAX)) {
      const said = action ? `\x01ACTION ${piece}\x01` : piece;
      this.send(command, room.name, said);
      if (!this.caps.has("echo-message")) {
        this.add(room, this.line({ nick: this.nick, kind: action ? "action" : "message", text: piece }));
      }
    }
    return true;
  }

  /** Goes into a channel and shows it. */
  join(name, key = "") {
    const room = this.rooms.get(fold(name));
    if (room?.joined) return this.view.show(room);
    this.opening.add(fold(name));
    if (key !== "") this.send("JOIN", name, key);
    else this.send("JOIN", name);
  }

  /** The room of this name, made if there is none. */
  room(name) {
    const id = fold(name);
    if (!this.rooms.has(id)) {
      this.rooms.set(id, new Room(name));
      this.view.roomsChanged();
    }
    return this.rooms.get(id);
  }

  /** The room of this name, if there is one. */
  known(name) {
    return this.rooms.get(fold(name));
  }

  /** Somebody's room has their new name. */
  rename(room, name) {
    if (this.known(name) !== undefined) return;
    this.rooms.delete(room.id);
    room.name = name;
    room.id = fold(name);
    this.rooms.set(room.id, room);
  }

  forget(room) {
    this.rooms.delete(room.id);
    this.view.roomsChanged();
    if (this.current === room) this.view.show([...this.rooms.values()].at(-1));
  }

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  /** A line for a room, of what there is. */
  line({ id = "", at = Date.now(), kind = "event", nick = "", text }) {
    const mine = nick !== "" && this.isMe(nick);
    const said = kind === "message" || kind === "action" || kind === "notice";
    return { id, at, kind, nick, text, mine, mention: said && !mine && names(text, this.nick) };
  }

  /** Adds a line to a room, and counts it if nobody is looking. */
  add(room, line) {
    if (!room.add(line)) return;
    if (line.kind !== "event" && !line.mine) this.#count(room, line);
    this.view.lineAdded(room);
  }

  /** Puts lines of the history where they belong. Those after `since` were missed. */
  merge(room, lines, since = Infinity) {
    for (const line of room.merge(lines)) if (line.at > since && !line.mine) this.#count(room, line);
    this.view.linesMerged(room);
  }

  #count(room, line) {
    if (this.view.isSeen(room)) return;
    if (room.firstUnread === null || line.at < room.firstUnread.at) room.firstUnread = line;
    room.unread += 1;
    if (line.mention || (room.kind === "person" && line.kind !== "error")) room.mentions += 1;
    this.view.roomsChanged();
  }

  #changed(state) {
    if (state === "open") {
      this.batches.clear();
      this.looking.clear();
      this.caps.clear();
      this.send("CAP", "LS", "302");
      if (this.#password !== "") this.send("PASS", this.#password);
      this.send("NICK", this.wantedNick);
      this.send("USER", this.wantedNick, "0", "*", this.wantedNick);
    } else if (this.registered) {
      this.#left();
    }
    this.view.stateChanged(state);
  }

  /** We are in no channel any more, and will be again. */
  #left() {
    this.registered = false;
    this.away = false;
    this.history.forget();
    for (const room of this.rooms.values()) {
      if (!room.joined) continue;
      room.joined = false;
      room.members.clear();
      this.add(room, this.line({ text: "The connection is lost" }));
      this.view.membersChanged(room);
    }
  }

  /** The server has let us in. */
  enter(nick) {
    this.nick = nick;
    this.registered = this.welcomed = true;
    this.#connection.settled();
    for (const room of this.rooms.values()) {
      if (room.wanted) this.send("JOIN", room.name, ...(room.key === "" ? [] : [room.key]));
    }
    this.view.welcomed();
  }

  /** The server does not let us in. Before it ever has, whoever sits here is asked again. */
  refused(why, field) {
    if (this.welcomed) return;
    this.#connection.close();
    this.view.refused(why, field);
  }

  #hear(text) {
    const message = parse(text);
    const batch = this.batches.get(message.tags.get("batch"));
    if (batch?.kind === "chathistory") batch.lines.push(message);
    else handle(this, message);
  }
}
