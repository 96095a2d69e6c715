// A room: a channel, somebody one talks to, or the server; what was said there, and who is in it. Knows no page.

import { fold, isChannel } from "./irc.js";

/** How many lines are kept of a room; the oldest go. */
export const LINES_MAX = 1_000;
/** How many are asked for at once. */
export const PAGE = 100;

export class Room {
  #ids = new Set();

  constructor(name) {
    this.name = name;
    this.id = fold(name);
    this.kind = name === "" ? "server" : isChannel(name) ? "channel" : "person";
    /** What was said, in the order of time: `{ id, at, kind, nick, text, mine, mention }`. */
    this.lines = [];
    /** Folded nick to `{ nick, prefixes, away }`. */
    this.members = new Map();
    this.topic = "";
    this.key = "";
    /** Only operators may change the topic. */
    this.topicLocked = false;
    this.joined = false;
    /** We were in it before, and will be again. */
    this.wanted = false;
    this.unread = 0;
    this.mentions = 0;
    /** The first line that nobody has looked at. */
    this.firstUnread = null;
    /** What was typed and not sent. */
    this.draft = "";
    /** Some of its history is on the way. */
    this.asking = false;
    /** There are no older ones. */
    this.atStart = this.kind !== "channel";
  }

  /** Adds a line; false if it is there already. */
  add(line) {
    if (this.#knows(line)) return false;
    this.lines.push(line);
    this.#trim();
    return true;
  }

  /** Puts lines where they belong by their time, and returns those that were not there. */
  merge(lines) {
    const fresh = lines.filter((line) => !this.#knows(line));
    this.lines = [...fresh, ...this.lines].sort((one, other) => one.at - other.at);
    this.#trim();
    return fresh;
  }

  /** Whether there is no place for older lines. */
  get isFull() {
    return this.lines.length >= LINES_MAX;
  }

  /** The first or the last message, which the server knows as well. */
  message(end) {
    const known = (line) => line.id !== "";
    return end === "first" ? this.lines.find(known) : this.lines.findLast(known);
  }

  setMember(nick, change) {
    const id = fold(nick);
    const known = this.members.get(id) ?? { nick, prefixes: "", away: false };
    this.members.set(id, { ...known, ...change, nick });
  }

  member(nick) {
    return this.members.get(fold(nick));
  }

  isOperator(nick) {
    return this.member(nick)?.prefixes.includes("@") ?? false;
  }

  /** Operators first, then those with a voice, each by name. */
  sortedMembers() {
    const rank = ({ prefixes }) => (prefixes.includes("@") ? 0 : prefixes.includes("+") ? 1 : 2);
    const order = (one, other) => rank(one) - rank(other) || (fold(one.nick) < fold(other.nick) ? -1 : 1);
    return [...this.members.values()].sort(order);
  }

  /** Who has said something lately, the last first. */
  speakers() {
    return new Set(this.lines.filter((line) => line.nick && line.kind !== "event").map((line) => line.nick).reverse());
  }

  markRead() {
    this.unread = this.mentions = 0;
  }

  #knows(line) {
    if (line.id === "") return false;
    if (this.#ids.has(line.id)) return true;
    this.#ids.add(line.id);
    return false;
  }

  #trim() {
    for (const line of this.lines.splice(0, Math.max(0, this.lines.length - LINES_MAX))) this.#ids.delete(line.id);
  }
}
