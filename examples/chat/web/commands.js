// What can be typed behind a slash. A command that is not here goes to the server as it is.

import { isChannel } from "./irc.js";

/** Name to `{ usage, what, run(session, room, rest, words) }`; what it returns is shown as an error. */
export const COMMANDS = {
  join: {
    usage: "/join #channel [key]",
    what: "Go into a channel",
    run(session, room, rest, [name = "", key = ""]) {
      if (name === "") return this.usage;
      session.join(isChannel(name) ? name : `#${name}`, key);
    },
  },
  part: {
    usage: "/part [reason]",
    what: "Leave the channel, or close the conversation",
    run(session, room, rest) {
      if (room.kind === "server") return "There is nothing to leave here";
      if (!room.joined) session.forget(room);
      else session.send("PART", room.name, ...(rest === "" ? [] : [rest]));
    },
  },
  msg: {
    usage: "/msg nick text",
    what: "Say something to somebody",
    run(session, room, rest, [nick = ""]) {
      const text = rest.slice(nick.length).trim();
      if (nick === "" || text === "") return this.usage;
      const other = session.room(nick);
      session.view.show(other);
      session.say(other, text);
    },
  },
  query: {
    usage: "/query nick",
    what: "Open a conversation",
    run(session, room, rest, [nick = ""]) {
      if (nick === "") return this.usage;
      session.view.show(session.room(nick));
    },
  },
  me: {
    usage: "/me does something",
    what: "Say what you do",
    run(session, room, rest) {
      if (room.kind === "server" || rest === "") return this.usage;
      session.say(room, rest, { action: true });
    },
  },
  nick: {
    usage: "/nick name",
    what: "Take another name",
    run(session, room, rest, [nick = ""]) {
      if (nick === "") return this.usage;
      session.wantedNick = nick;
      session.send("NICK", nick);
    },
  },
  topic: {
    usage: "/topic [text]",
    what: "Set the topic, or ask for it",
    run(session, room, rest) {
      session.send("TOPIC", room.name, ...(rest === "" ? [] : [rest]));
      if (rest === "") return room.topic === "" ? "No topic is set" : room.topic;
    },
  },
  away: {
    usage: "/away [reason]",
    what: "Say that you are away, or back",
    run(session, room, rest) {
      session.send("AWAY", ...(rest === "" && session.away ? [] : [rest || "Away"]));
    },
  },
  whois: {
    usage: "/whois nick",
    what: "Ask who somebody is",
    run(session, room, rest, [nick = session.nick]) {
      session.send("WHOIS", nick);
    },
  },
  kick: {
    usage: "/kick nick [reason]",
    what: "Remove somebody from the channel (operators)",
    run(session, room, rest, [nick = ""]) {
      if (nick === "" || room.kind !== "channel") return this.usage;
      const reason = rest.slice(nick.length).trim();
      session.send("KICK", room.name, nick, ...(reason === "" ? [] : [reason]));
    },
  },
  mode: {
    usage: "/mode +o nick",
    what: "Set modes of the channel (operators)",
    run(session, room, rest, words) {
      const here = room.kind === "channel" && !isChannel(words[0] ?? "") ? [room.name] : [];
      session.send("MODE", ...here, ...words);
    },
  },
  invite: {
    usage: "/invite nick",
    what: "Ask somebody into the channel",
    run(session, room, rest, [nick = ""]) {
      if (nick === "" || room.kind !== "channel") return this.usage;
      session.send("INVITE", nick, room.name);
    },
  },
  list: {
    usage: "/list",
    what: "Show all channels",
    run(session) {
      session.view.browse();
    },
  },
  quit: {
    usage: "/quit [reason]",
    what: "Leave the chat",
    run(session, room, rest) {
      session.quit(rest || "Good night");
    },
  },
  help: {
    usage: "/help",
    what: "Show this",
    run(session) {
      session.view.help();
    },
  },
};

/** Carries out what was typed in a room; false if it could not be sent and should stay where it is. */
export function run(session, room, typed) {
  if (!session.registered && typed.trim() !== "/help") return false;
  if (!typed.startsWith("/") || typed.startsWith("//")) {
    const text = typed.startsWith("//") ? typed.slice(1) : typed;
    if (room.kind === "server") return complain(session, room, "Nobody is here: go into a channel first, as /join #lobby");
    if (room.kind === "channel" && !room.joined) return complain(session, room, "You are not in this channel");
    return session.say(room, text);
  }
  const [, name, rest] = /^\/(\S*)\s*(.*)$/s.exec(typed);
  const known = name.toLowerCase();
  if (!Object.hasOwn(COMMANDS, known)) return session.sendRaw(`${name} ${rest}`.trim());
  const why = COMMANDS[known].run(session, room, rest.trim(), rest.split(/\s+/).filter(Boolean));
  if (typeof why === "string") complain(session, room, why);
  return true;
}

function complain(session, room, why) {
  session.add(room, session.line({ kind: "error", text: why }));
  return true;
}
