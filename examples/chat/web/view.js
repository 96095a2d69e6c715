// The view: all of the page but the log, the composer and the dialogs. It shows what a session knows, when that tells it to.

import { Composer } from "./composer.js";
import { COMMANDS, run } from "./commands.js";
import { Browser, Card, Help, TopicEditor, Welcome, closeByButtons } from "./dialogs.js";
import { fold } from "./irc.js";
import { Log, hue, make } from "./log.js";
import { bare } from "./text.js";

/** How many members are shown; more of them no one would read. */
const MEMBERS_MAX = 500;
/** Where the side panels lie over the room; as in `chat.css`. */
const NARROW = matchMedia("(max-width: 760px)");

const byId = (id) => document.getElementById(id);

export class View {
  #session = null;
  #log;
  #composer;
  #welcome;
  #browser;
  #card = new Card();
  #topic = new TopicEditor();
  #help = new Help();
  /** What is to be shown with the next frame, so that a burst is shown once. */
  #due = new Set();
  #countdown = 0;

  constructor(storage) {
    this.storage = storage;
    this.#log = new Log(byId("log"), byId("lines"), {
      older: (room) => this.#session?.history.askOlder(room),
      moved: (atEnd) => {
        byId("latest").hidden = atEnd;
        if (atEnd) this.#seen();
      },
    });
    this.#composer = new Composer(byId("composer"), byId("entry"), {
      send: (text) => run(this.#session, this.#session.current, text),
      candidates: () => this.#candidates(),
    });
    this.#welcome = new Welcome((who) => {
      this.storage.set("channels", who.channels.join(","));
      this.#session.start(who);
    });
    this.#browser = new Browser((name) => this.#session.join(name));
    closeByButtons();
    this.#listen();
  }

  /** Shows this session from now on, and asks who we are. */
  begin(session, who) {
    this.#session = session;
    this.show(session.server);
    this.#welcome.open(who);
  }

  #listen() {
    byId("latest").addEventListener("click", () => this.#log.toEnd());
    byId("browse").addEventListener("click", () => this.browse());
    byId("show-help").addEventListener("click", () => this.help());
    byId("retry").addEventListener("click", () => this.#session.retry());
    byId("me").addEventListener("click", () => run(this.#session, this.#session.current, "/away"));
    byId("edit-topic").addEventListener("click", () => this.#editTopic());
    byId("leave").addEventListener("click", () => run(this.#session, this.#session.current, "/part"));
    byId("theme").addEventListener("click", () => this.#changeTheme());
    for (const side of ["rooms", "members"]) {
      byId(`show-${side}`).addEventListener("click", () => this.#slide(side));
    }
    byId("veil").addEventListener("click", () => this.#slide(null));
    document.body.addEventListener("click", ({ target }) => {
      const nick = target.closest("[data-nick]")?.dataset.nick;
      if (nick !== undefined) this.#person(nick);
      const id = target.closest("[data-room]")?.dataset.room;
      if (id !== undefined) this.show(this.#session.rooms.get(id));
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    for (const happening of ["focus", "visibilitychange"]) window.addEventListener(happening, () => this.#seen());
  }

  // What a session tells.

  roomsChanged() {
    this.#later("rooms", () => this.#renderRooms());
    this.#renderTitle();
  }

  membersChanged(room) {
    if (room === this.#session?.current) this.#later("members", () => this.#renderMembers());
  }

  topicChanged(room) {
    if (room === this.#session?.current) this.#renderHead();
  }

  lineAdded(room) {
    this.#log.append(room);
  }

  linesMerged(room) {
    this.#log.refresh(room);
  }

  stateChanged(state) {
    if (this.#session !== null) this.#renderState(state);
  }

  refused(why, field) {
    this.#welcome.complain(why, field);
  }

  welcomed() {
    this.#welcome.close();
    this.storage.set("nick", this.#session.wantedNick);
    this.#renderState(this.#session.state);
    this.#composer.focus();
  }

  /** We have left, and may come again. */
  left(channels) {
    this.#welcome.open({ nick: this.#session.wantedNick, channels });
  }

  listed(channels) {
    this.#browser.fill(channels);
  }

  /** Whether somebody sees what comes to a room. */
  isSeen(room) {
    return room === this.#session?.current && document.hasFocus() && this.#log.atEnd;
  }

  /** Shows a room. */
  show(room) {
    const before = this.#session.current;
    before.draft = this.#composer.text;
    if (before !== room) before.firstUnread = null;
    this.#session.current = room;
    this.#log.show(room, this.#session.nick);
    this.#composer.text = room.draft;
    room.markRead();
    this.#slide(null);
    this.#renderHead();
    this.#renderMembers();
    this.roomsChanged();
    this.#composer.focus();
  }

  browse() {
    this.#browser.open();
    this.#session.send("LIST");
  }

  help() {
    this.#help.open();
  }

  // How it is shown.

  #later(what, show) {
    if (this.#due.has(what)) return;
    this.#due.add(what);
    setTimeout(() => {
      this.#due.delete(what);
      show();
    }, 50);
  }

  #renderRooms() {
    const focused = document.activeElement?.dataset.room;
    const all = this.#ordered();
    const [people, channels] = [true, false].map((isPerson) => all.filter(({ kind }) => (kind === "person") === isPerson));
    byId("channel-list").replaceChildren(...channels.map((room) => this.#roomItem(room)));
    byId("people-list").replaceChildren(...people.map((room) => this.#roomItem(room)));
    byId("people-title").hidden = people.length === 0;
    if (focused !== undefined) document.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();
    if (this.#session.welcomed) this.storage.set("channels", all.filter((room) => room.wanted).map((room) => room.name).join(","));
  }

  /** The server, channels, and people, each by name. */
  #ordered() {
    const rank = ({ kind }) => ["server", "channel", "person"].indexOf(kind);
    const order = (one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1);
    return [...this.#session.rooms.values()].sort(order);
  }

  #roomItem(room) {
    const button = make("button", "room-button");
    button.type = "button";
    button.dataset.room = room.id;
    button.classList.toggle("left", room.kind === "channel" && !room.joined);
    if (room === this.#session.current) button.setAttribute("aria-current", "page");
    button.append(make("span", "name", this.#nameOf(room)));
    if (room.unread > 0) {
      const count = room.mentions > 0 ? room.mentions : room.unread;
      const badge = make("span", room.mentions > 0 ? "count mentions" : "count", count > 99 ? "99+" : String(count));
      button.append(badge, make("span", "unseen", room.mentions > 0 ? " for you" : " unread"));
    }
    const item = make("li");
    item.append(button);
    return item;
  }

  #renderMembers() {
    const room = this.#session.current;
    const members = room.sortedMembers();
    const items = members.slice(0, MEMBERS_MAX).map(({ nick, prefixes, away }) => {
      const button = make("button", "member");
      button.type = "button";
      button.dataset.nick = nick;
      button.classList.toggle("away", away);
      const sign = make("span", "sign", prefixes.slice(0, 1));
      sign.title = prefixes.startsWith("@") ? "operator" : prefixes.startsWith("+") ? "voiced" : "";
      button.append(sign, make("span", `name hue-${hue(nick)}`, nick));
      if (away) button.append(make("span", "unseen", " (away)"));
      const item = make("li");
      item.append(button);
      return item;
    });
    if (members.length > MEMBERS_MAX) items.push(make("li", "more", `and ${members.length - MEMBERS_MAX} more`));
    byId("member-list").replaceChildren(...items);
    byId("member-count").textContent = String(members.length);
    byId("show-members").setAttribute("aria-label", `Members: ${members.length}`);
    this.#renderHead();
  }

  #renderHead() {
    const { current: room, nick } = this.#session;
    byId("room-name").textContent = this.#nameOf(room);
    byId("room-topic").textContent = bare(room.topic);
    byId("room-topic").title = bare(room.topic);
    byId("edit-topic").hidden = !room.joined || (room.topicLocked && !room.isOperator(nick));
    byId("leave").hidden = room.kind === "server";
    byId("show-members").hidden = room.kind !== "channel";
    byId("app").classList.toggle("alone", room.kind !== "channel");
    byId("entry").placeholder = room.kind === "server" ? "/join #channel" : `Message ${this.#nameOf(room)}`;
    this.#renderTitle();
  }

  #renderTitle() {
    if (this.#session === null) return;
    const rooms = [...this.#session.rooms.values()];
    const mentions = rooms.reduce((sum, room) => sum + room.mentions, 0);
    const name = `${this.#nameOf(this.#session.current)} – ${this.#session.network}`;
    document.title = mentions > 0 ? `(${mentions}) ${name}` : name;
  }

  #renderState(state) {
    const { network, nick, away, welcomed, registered } = this.#session;
    byId("network").textContent = network;
    byId("my-nick").textContent = nick || "–";
    byId("my-state").textContent = away ? "away" : registered ? "here" : "offline";
    byId("me").setAttribute("aria-label", away ? `${nick}, away: come back` : `${nick}, here: go away`);
    byId("app").dataset.state = registered ? "online" : state;
    byId("banner").hidden = !welcomed || state === "open";
    byId("retry").hidden = state !== "waiting";
    clearInterval(this.#countdown);
    const say = () => {
      const seconds = Math.max(0, Math.ceil((this.#session.retryAt - Date.now()) / 1_000));
      byId("banner-clock").textContent = state === "waiting" ? `Next try in ${seconds} s.` : "";
    };
    byId("banner-text").textContent = state === "connecting" ? "Connecting…" : "The connection is lost.";
    say();
    if (state === "waiting") this.#countdown = setInterval(say, 500);
    this.#renderTitle();
  }

  #nameOf(room) {
    return room.kind === "server" ? "Server" : room.name;
  }

  #seen() {
    const room = this.#session?.current;
    if (room === undefined || room.unread === 0 || !this.isSeen(room)) return;
    room.markRead();
    this.roomsChanged();
  }

  /** What Tab may make of a word: who has spoken last, first. */
  #candidates() {
    const { current: room, nick } = this.#session;
    const speakers = [...room.speakers()].filter((speaker) => room.kind !== "channel" || room.member(speaker));
    const members = room.sortedMembers().map((member) => member.nick);
    const others = [...new Set([...speakers, ...members])].filter((other) => fold(other) !== fold(nick));
    const channels = [...this.#session.rooms.values()].filter(({ kind }) => kind === "channel").map(({ name }) => name);
    return [...others, ...channels, ...Object.keys(COMMANDS).map((name) => `/${name}`)];
  }

  #person(nick) {
    const session = this.#session;
    const room = session.current;
    const member = room.member(nick);
    const mode = (change) => () => session.send("MODE", room.name, change, nick);
    const actions = [
      ["Mention", () => this.#composer.insert(`${nick}${this.#composer.text === "" ? ": " : " "}`)],
      ["Who is that?", () => session.send("WHOIS", nick)],
    ];
    if (!session.isMe(nick)) actions.unshift(["Message", () => this.show(session.room(nick)), "primary"]);
    if (room.isOperator(session.nick) && member !== undefined) {
      const [operator, voiced] = ["@", "+"].map((sign) => member.prefixes.includes(sign));
      actions.push([operator ? "Take operator" : "Make operator", mode(operator ? "-o" : "+o")]);
      actions.push([voiced ? "Take voice" : "Give voice", mode(voiced ? "-v" : "+v")]);
      if (!session.isMe(nick)) actions.push(["Remove", () => session.send("KICK", room.name, nick), "danger"]);
    }
    const roles = [member?.prefixes.includes("@") && "operator", member?.prefixes.includes("+") && "voiced", member?.away && "away"];
    this.#card.open(nick, roles.filter(Boolean).join(", "), actions);
  }

  #editTopic() {
    const room = this.#session.current;
    this.#topic.open(room.topic, (text) => this.#session.send("TOPIC", room.name, text));
  }

  #changeTheme() {
    const root = document.documentElement;
    const isDark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    root.dataset.theme = isDark ? "light" : "dark";
    this.storage.set("theme", root.dataset.theme);
  }

  /** Slides a side panel in, where they are not always there; `null`: out. */
  #slide(side) {
    const open = side !== null && NARROW.matches && byId("app").dataset.panel !== side ? side : "";
    byId("app").dataset.panel = open;
    byId("veil").hidden = open === "";
    for (const name of ["rooms", "members"]) byId(`show-${name}`).setAttribute("aria-expanded", String(open === name));
    if (open !== "") byId(open).querySelector("button")?.focus();
  }

  #key(event) {
    const command = event.ctrlKey || event.metaKey;
    const isDialog = document.querySelector("dialog[open]") !== null;
    if (isDialog || event.isComposing) return;
    if (event.key === "Escape") {
      const wasOpen = byId("app").dataset.panel !== "";
      this.#slide(null);
      if (!wasOpen) this.#log.toEnd();
      this.#composer.focus();
    } else if (command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.browse();
    } else if (command && event.key === "/") {
      event.preventDefault();
      this.help();
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      this.#step(event.key === "ArrowUp" ? -1 : 1);
    } else if (event.altKey && event.key.toLowerCase() === "a") {
      event.preventDefault();
      this.#toUnread();
    } else if (event.key.length === 1 && event.key !== " " && !command && !event.altKey && isNowhere(event.target)) {
      this.#composer.focus();
    }
  }

  /** To the next room in the list, and from the last to the first. */
  #step(by) {
    const rooms = this.#ordered();
    this.show(rooms.at((rooms.indexOf(this.#session.current) + by) % rooms.length));
  }

  #toUnread() {
    const rooms = [...this.#session.rooms.values()].filter((room) => room.unread > 0);
    const room = rooms.find((one) => one.mentions > 0) ?? rooms[0];
    if (room !== undefined) this.show(room);
  }
}

/** Whether what is typed there would go nowhere. */
function isNowhere(element) {
  return !(element.closest("input, textarea, select, button, a, summary, dialog"));
}
