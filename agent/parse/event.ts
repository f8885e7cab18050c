/**
 * What a single line of an authentication log says, before anything is counted. One line gives at
 * most one event; the fold (../fold/fold.ts) turns the events of one session into attempts.
 */

/**
 * refused   a credential was refused (each further copy of a repeated line is in `count`)
 * named     a user was named, but no credential is refused by this line
 * probe     a connection that shows no interest in any user: scan, banner grab, failed key exchange
 * accepted  a login succeeded
 * closed    an end that adds nothing
 * echo      says again what another line of the same attempt says
 * blocked   the daemon itself turned a connection away (MaxStartups, penalties, TCP wrappers)
 * session   something a session does that is no failure (opened, connection from, starting shell)
 * change    accounts or groups were changed
 * loss      the logging chain itself says that messages were lost or suppressed
 */
export type Kind =
  | 'refused'
  | 'named'
  | 'probe'
  | 'accepted'
  | 'closed'
  | 'echo'
  | 'blocked'
  | 'session'
  | 'change'
  | 'loss'

/** What a line was understood as. Absent fields are not in the line. */
export type Event = {
  kind: Kind
  /** Normalised address, or the host name where the line gives only a name. */
  ip?: string
  port?: number
  /** The user tried; for a local attempt (no address) the user who made it. Unescaped text. */
  user?: string
  /** As sshd names it: password, publickey, keyboard-interactive/pam, none … */
  method?: string
  /** How many times the line says it happened; absent means once. */
  count?: number
  /**
   * Who says so. Two witnesses of one session tell of the same credentials, so the fold takes the
   * larger of their counts and never their sum: `sshd`, `sshd-pam` ("error: PAM: …"), `pam_unix`,
   * `pam_sss`, `sudo`, `su`, `login`, `dropbear` …
   */
  witness?: string
  /** Several lines of this witness in one session repeat a running total (`count`) and must not add up. */
  total?: true
  /**
   * The rest of a PAM transaction whose first failure stands in an earlier line ("PAM N more
   * authentication failures"): adds to that session even where it has ended, and opens none.
   */
  more?: true
  /** The pid of the session the line speaks of, where another process writes it (listener's "pid = N"). */
  of?: number
  /** The line is written when its session ends; nothing that comes after it belongs to the session. */
  end?: true
  /** The line was written before authentication ended. */
  preauth?: true
  /** An end whose session writes one more line, which tells whether it named a user. */
  undecided?: true
  /** Terminal of a local attempt, without "/dev/". */
  tty?: string
  /** Whom a local attempt wanted to become. */
  target?: string
  /** For change and loss: what happened, in words of ours with the names in it. */
  text?: string
}

/** A line cut into its prefix and its meaning; `event` is null where it is none of our business. */
export type Parsed = {
  /** ms UTC; null where the line carries no readable time. */
  at: number | null
  /** The host named in the line, as written; null where there is none. */
  host: string | null
  /** The tag without its pid: `sshd`, `sshd-session`, `sudo`, `vsftpd` … */
  program: string | null
  pid: number | null
  event: Event | null
}
