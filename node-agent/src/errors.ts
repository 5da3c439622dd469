/** Coded errors of the agent: what a user may meet and what helps. docs/reference/errors.md is generated from it. */

export const agentErrorRegistry = [
  {
    code: "MER_AGENT_CONFIG",
    meaning: "A flag or environment variable of the agent has no valid value.",
    remedy: "The message names it and what it expects; `--help` lists all.",
  },
  {
    code: "MER_AGENT_TOKEN",
    meaning: "The file with the service-account token cannot be read.",
    remedy: "Mount the projected token (audience meridian-hub) and point --token-file at it.",
  },
  {
    code: "MER_AGENT_HUB_CA",
    meaning: "The file with the hub's CA certificate cannot be read.",
    remedy: "Mount the ConfigMap meridian-hub-ca and point --hub-ca at it. The operator makes it when it starts.",
  },
  {
    code: "MER_AGENT_HUB_UNREACHABLE",
    meaning: "Nobody answers at the hub's address.",
    remedy:
      "Check that the operator runs and that this node may reach it; the agent tries again after 0.5 to 30 s and keeps time meanwhile.",
  },
  {
    code: "MER_AGENT_HUB_UNTRUSTED",
    meaning: "Who answers at the hub's address shows a certificate that the hub's CA did not sign.",
    remedy: "Mount the current ConfigMap meridian-hub-ca; if it is current, find out who else listens at that address.",
  },
  {
    code: "MER_AGENT_HUB_LOST",
    meaning: "The stream to the hub ended or broke, or the hub sent what this agent cannot read.",
    remedy:
      "Nothing to do once: the agent connects again. If it repeats, compare the versions of operator and agent; the message says what happened.",
  },
  {
    code: "MER_AGENT_HUB_REDIRECTED",
    meaning: "The hub named another address: the leader is there.",
    remedy: "Nothing to do: the agent goes there.",
  },
  {
    code: "MER_AGENT_HTTP_ADDRESS",
    meaning: "The address of probes and metrics cannot be listened on.",
    remedy: "The message holds the kernel's reason; choose another with --http-address, or stop the program that has it.",
  },
  {
    code: "MER_AGENT_PAGE_FAILED",
    meaning: "A clock page cannot be made or written: programs on this node read no bound there. Time goes on.",
    remedy:
      "The message holds the kernel's reason. A full or read-only disk is tried again every 10 s; else point --page at a folder that the agent may write, best on a tmpfs.",
  },
  {
    code: "MER_AGENT_SOCKET",
    meaning: "The socket of `meridian-agent status` cannot be made by the agent, or leads a command to no agent.",
    remedy:
      "The message names the file and the reason. Agent: point --socket at a folder that it may write; it runs on without. Command: run it as root where the agent runs, with the agent's --socket.",
  },
  {
    code: "MER_AGENT_CLOCK_UNKNOWN",
    meaning: "The configuration names a clock that this node does not have.",
    remedy: "Compare the Grandmaster's reference with the node's capabilities in NodeClock.status.",
  },
  {
    code: "MER_AGENT_CLOCK_BUSY",
    meaning: "Another process steers this clock.",
    remedy: "The message names its process id; stop it, or run the agent with --mode observe.",
  },
  {
    code: "MER_AGENT_CLOCK_FAILED",
    meaning: "A clock could not be opened, read or commanded.",
    remedy: "The message holds the kernel's reason.",
  },
  {
    code: "MER_AGENT_CLOCK_CONTESTED",
    meaning: "Another program steers this node's clock, so the agent commands nothing; both bounds allow for what it may do.",
    remedy:
      "The message names it where it can. Stop and mask that daemon (chronyd, ntpd, systemd-timesyncd, phc2sys), or set the TimeDomain's hostTimeDaemon to Observe to measure beside it.",
  },
  {
    code: "MER_AGENT_NOT_STEERABLE",
    meaning: "The node's clock can be read but not steered, so the agent measures and reports only.",
    remedy: "Give the agent CAP_SYS_TIME and a clock that supports steering, or run it with --mode observe.",
  },
  {
    code: "MER_AGENT_PORT_TAKEN",
    meaning: "Another program holds a UDP port of this host that is needed: 319 or 320 for PTP, 123 to serve NTP.",
    remedy: "The message names it. Stop that daemon; the agent takes the port over within 30 s.",
  },
  {
    code: "MER_AGENT_PORT_DENIED",
    meaning: "The agent may not open PTP ports.",
    remedy: "Give it CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN.",
  },
  {
    code: "MER_AGENT_PORT_ABSENT",
    meaning: "The configured network interface does not exist or has no IPv4 address.",
    remedy: "Correct the interface; the agent opens it within 30 s of its appearance.",
  },
  {
    code: "MER_AGENT_PORT_FAILED",
    meaning: "A PTP port was lost or could not be opened.",
    remedy: "The message holds the kernel's reason; the agent tries again after 1 to 30 s.",
  },
  {
    code: "MER_AGENT_ASSOCIATION_FAILED",
    meaning: "An NTP server's name does not resolve, or its socket could not be opened or was lost.",
    remedy:
      "The message holds the reason (ENOTFOUND: no such name; ECONNREFUSED: nobody listens there); the agent tries again after 1 to 30 s.",
  },
  {
    code: "MER_AGENT_SERVER_FAILED",
    meaning: "NTP cannot be served by this node.",
    remedy: "The message holds the kernel's reason; the agent tries again every 10 s.",
  },
  {
    code: "MER_AGENT_SYNC_STOPPED",
    meaning: "A Grandmaster's Syncs do not leave this node: their program was refused, ended, or the kernel takes no packet.",
    remedy: "The agent begins the program again after 1 to 30 s; if it repeats, the message and the interface's state say what is wrong.",
  },
  {
    code: "MER_AGENT_PART_INVALID",
    meaning: "A part of the configuration holds a value out of range and was left out.",
    remedy: "The message names the field; the other parts run.",
  },
  {
    code: "MER_AGENT_STALE_EPOCH",
    meaning: "A configuration came from an operator that is no longer the leader and was refused.",
    remedy: "Nothing to do: the leader will send its own.",
  },
  {
    code: "MER_AGENT_LEAP_TABLE",
    meaning: "The table of leap seconds in this agent ends soon, or has ended: after that nobody here knows how TAI and UTC differ.",
    remedy: "Install a newer release. Until then a source's own TAI − UTC is believed once the table has ended; NTP sources need none.",
  },
  {
    code: "MER_AGENT_STATE_UNREADABLE",
    meaning: "A file of the agent's memory on disk is damaged and was set aside, or cannot be read and was left alone.",
    remedy:
      "The message names the file. Nothing to do for `config`, which the hub sends again, and `clock`, which is learnt again. Where `stepped` is damaged the clock is slewed, not stepped, until the next boot; delete it to allow a step.",
  },
  {
    code: "MER_AGENT_STATE_UNWRITABLE",
    meaning: "The agent's memory cannot be written to disk: the agent runs on, but a restart begins without it.",
    remedy: "Make the folder of --state-directory writable and leave it some space; the message holds the kernel's reason.",
  },
] as const;

export type AgentErrorCode = (typeof agentErrorRegistry)[number]["code"];

/** An Error whose `code` stands in the registry. */
export function agentError(code: AgentErrorCode, message: string, cause?: unknown): Error & { code: AgentErrorCode } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** The `code` of anything thrown: ours, an errno name, or `fallback`. */
export function codeOf(error: unknown, fallback: string): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") return error.code;
  return fallback;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
