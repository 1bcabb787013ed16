/**
 * Every bound in the system, with its reason. Nothing grows without one.
 */

// --- leases (design: a vanished worker's tasks run elsewhere within 8 s)

/** How long a lease lasts without renewal. */
export const LEASE_MS = 6_000
/** A worker renews three times within a lease, so that two lost frames end nothing. */
export const RENEWALS_PER_LEASE = 3
/** It renews at least this often, however long the lease. */
export const RENEWAL_MAX_MS = 10_000
/** A worker that holds nothing renews nothing: it is heard this often, as 500 of them are many. */
export const IDLE_RENEWAL_MS = 20_000
/** A wake-up later than this means that this process itself was stopped, not its peers. */
export const PAUSE_MS = 1_000

// --- what a task may cost before it is given up

/** Crashes of a task's own process before the task is failed. */
export const CRASHES_MAX = 3
/** Workers lost while they ran the task before it is aborted: it may be what kills them. */
export const LOSSES_MAX = 5
/** Attempts that workers could not even start before the task is failed. */
export const REFUSALS_MAX = 5
/** First and longest wait before a further attempt; it doubles in between, with jitter. */
export const BACKOFF_MIN_MS = 1_000
export const BACKOFF_MAX_MS = 60_000

/** Further attempts of a task that failed, as many as anybody may ask for. */
export const RETRIES_MAX = 1_000_000
/** The priority of a job, up and down. */
export const PRIORITY_MAX = 2 ** 31

/** How long a task that failed waits for another machine before the same one may try again. */
export const ELSEWHERE_FIRST_MS = 10_000

// --- a second attempt for stragglers, of jobs that allow it

/** A task that runs this many times as long as half of the others did is a straggler, ... */
export const STRAGGLER_TIMES = 3
/** ... but none that has run for less than this; nor is it looked for more often. */
export const STRAGGLER_MIN_MS = 1_000
/** So many tasks of the job have to have succeeded before it is known what is usual. */
export const STRAGGLER_SAMPLE_MIN = 3
/** Stragglers looked at, at a time, for which no other worker is found. */
export const STRAGGLERS_LOOK_MAX = 64
/** Of a job that a master is restarted with, so many of the last run times are read again. */
export const RUN_TIMES_RESTORED_MAX = 31

// --- a worker that fails everything at once (a "black hole")

/** Fast failures in a row of different tasks before a worker is given a rest. */
export const FAST_FAILURES_MAX = 5
/** A failure within this time is fast: the work itself can hardly have begun. */
export const FAST_FAILURE_MS = 1_000
/** Rests without proof that others fare better: after them, it must be the tasks. */
export const UNPROVEN_RESTS_MAX = 3
/** Reports in a row that only give tasks back, before a worker that starts nothing gets a rest. */
export const IDLE_RETURNS_MAX = 20
/** How long, and of how many workers, it is remembered what they did when they have gone. */
export const CONDUCT_KEEP_MS = 10 * 60_000
export const CONDUCTS_MAX = 1_024

// --- credit

/** A worker holds enough short tasks for about this long, so that it never waits for the network. */
export const PREFETCH_MS = 100
/** How fast short tasks were is worth knowing for so long after the last: work comes in batches. */
export const SPEED_KEEP_MS = 1_000
/** Credit that should not be out is taken back after this long: most is used or right again by then. */
export const CREDIT_PATIENCE_MS = 20
/** An executor gets short tasks for about this long ahead, so that its slots never wait for us. */
export const AHEAD_MS = 40
/** How long a message that nobody waits for waits for another one that it can leave with. */
export const COMPANY_MS = 2
/**
 * The same of a report, when its master has plenty of work left here. (No-op tasks on 16 worker nodes
 * and two cores: 70 us of CPU each without it, 56 us with it.)
 */
export const REPORT_COMPANY_MS = 10
/**
 * The most tasks a worker asks for, of all masters together and whatever their length. Beyond it, each
 * master that does not hold as many itself may still fill free slots.
 */
export const HELD_TASKS_MAX = 16_384
/** Results of one master kept in memory until they are accepted; it gets no more credit beyond. */
export const RESULT_BYTES_MAX = 64 * 1024 * 1024
/** The most slots a worker may claim: a worker's claim sizes a master's batches. */
export const SLOTS_MAX = 4_096

// --- sizes

/** Batches aim at this size: smaller frames cost throughput, larger ones latency (libp2p: 64 KiB). */
export const FRAME_BYTES_TARGET = 64 * 1024
/** A frame above this is refused before anything is allocated for it. */
export const FRAME_BYTES_MAX = 1024 * 1024
/** A payload above this travels as a blob. */
export const INLINE_BYTES_MAX = 256 * 1024
/** Blobs are sent in chunks of this size at most. */
export const CHUNK_BYTES = 64 * 1024
/** And in chunks of this size: one fills an encrypted message (65,519) with the heads before it (16). */
export const CHUNK_BYTES_TARGET = 65_503
/** Blobs go to and from files in steps of this size: each is a way to another thread and back. */
export const FILE_STEP_BYTES = 16 * CHUNK_BYTES_TARGET
/**
 * Blobs in the memory of a node: the largest of them, and, within bounds, which part of the machine's
 * memory all together may take. Enough for what is on its way while tasks of some MiB run, and little
 * beside what else a machine does. What comes beyond is in files.
 */
export const BLOB_IN_MEMORY_BYTES_MAX = 16 * 1024 * 1024
export const BLOBS_IN_MEMORY_SHARE = 1 / 64
export const BLOBS_IN_MEMORY_BYTES_MIN = 64 * 1024 * 1024
export const BLOBS_IN_MEMORY_BYTES_MAX = 512 * 1024 * 1024
/** What the functions that run print and return, until it is a blob: all together, and the largest. */
export const OUTPUTS_IN_MEMORY_BYTES_MAX = 64 * 1024 * 1024
export const OUTPUT_IN_MEMORY_BYTES_MAX = BLOB_IN_MEMORY_BYTES_MAX
/** A disk with less than this free is full, or than this part of a small one. */
export const DISK_SPARE_BYTES_MAX = 64 * 1024 * 1024
export const DISK_SPARE_SHARE = 0.05
/** The most a task may print on stdout and stderr together, unless its spec says less. */
export const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024
/** What one `read` of a running task's output gets at most: live output is sent bit by bit. */
export const READ_BYTES_MAX = 64 * 1024
/** The most bytes of one file of bundled code. */
export const BUNDLE_BYTES_MAX = 16 * 1024 * 1024
/** Bundles a worker keeps for tasks to come, all together. */
export const BUNDLES_BYTES_MAX = 512 * 1024 * 1024
/** Bundles a submitter keeps for later calls; the ones not asked for longest go first. */
export const BUNDLES_KEPT_BYTES_MAX = 64 * 1024 * 1024
/** A longer map from a bundle's lines to those of its sources costs more than it tells. */
export const SOURCE_MAP_BYTES_MAX = 1024 * 1024
/** The longest text of a spec, a name or a reason that a peer may send. */
export const COMMAND_BYTES_MAX = 128 * 1024
export const NAME_CHARACTERS_MAX = 64
/** The longest peer id, or name by which one worker is asked for. */
export const PEER_CHARACTERS_MAX = 128
/** The longest name of an export that is called as a task. */
export const EXPORT_CHARACTERS_MAX = 256
export const REASON_CHARACTERS_MAX = 4_096

// --- values (arguments and results of functions)

/** The most one value may take as bytes: it is built, and read, in one piece of memory. */
export const VALUE_BYTES_MAX = 256 * 1024 * 1024
/** How deep a value may be nested: both sides walk it by recursion, on a stack of about 1 MB. */
export const VALUE_NESTING_MAX = 1_000
/** Empty places of all arrays of a value: they take no bytes, but memory where they are read. */
export const VALUE_HOLES_MAX = 1_000_000

/**
 * The least that the memory of a function's process can be limited to: of Node's 60 to 80 MiB, none
 * are the function's.
 */
export const FUNCTION_MEMORY_BYTES_MIN = 96 * 1024 * 1024

// --- counts

/** Jobs a master keeps open, and specs of one master a worker keeps. */
export const JOBS_MAX = 10_000
/** Instants the master machine waits for, beyond which those that have passed by are cleared out. */
export const DEADLINES_SPARE = 4_096
/** Tasks of one job. */
export const TASKS_MAX = 100_000_000
/** Entries of one message: a longer list is sent as several messages. */
export const ENTRIES_MAX = 4_096
/** Labels of a worker, labels a job may ask for, and amounts of either; their names and values. */
export const LABELS_MAX = 64
export const LABEL_CHARACTERS_MAX = 64
export const LABEL_VALUE_CHARACTERS_MAX = 256
export const AMOUNTS_MAX = 64
/** How many of the jobs that ended last a master knows by heart. */
export const LAST_ENDS_MAX = 1_024
/** Jobs that one job may wait for. */
export const AFTER_MAX = 1_024
/** Idle workers looked at for one that has room for a large task at once. */
export const IDLE_LOOK_MAX = 64
/** Submitters looked at for the one with the fewest tasks in hand; the others have their turn later. */
export const SUBMITTERS_LOOK_MAX = 32
/** Of a job that may still get tasks, so many have to have ended before a percentage of them counts. */
export const FAILS_SAMPLE_MIN = 10
/** Tasks set aside for another machine that one offer looks through. */
export const SET_ASIDE_LOOK_MAX = 64
/** Reads of live output that a master has under way with one worker; further ones wait for those. */
export const READS_MAX = 1_024
/** Workers one master serves, and masters one worker serves. */
export const WORKERS_MAX = 20_000
export const MASTERS_MAX = 256
/** Members a node remembers; the longest lost are forgotten first. */
export const MEMBERS_MAX = 1_024
/** Addresses kept of one member. */
export const ADDRESSES_MAX = 16
/** Addresses of one member that are told to another, and the longest such address. */
export const TOLD_ADDRESSES_MAX = 8
export const ADDRESS_CHARACTERS_MAX = 128
/** Members that only others have told of, at a time: whoever invents some makes us dial no more. */
export const HEARD_MAX = 256
/**
 * Dials under way at a time. A handshake costs both ends some 4 ms of CPU and has 2 s: of many at
 * once on a slow or busy machine none would be over in time, and all would be tried again.
 */
export const DIALS_MAX = 16

// --- the control socket

/** Clients of a node's control socket at a time; each further one is told so and hung up on. */
export const CLIENTS_MAX = 256
/** How long a client may take to say hello, and a node to answer it. */
export const CLIENT_HELLO_MS = 10_000
/** Unread bytes of one client, or node, above which it is held back. */
export const CLIENT_READ_AHEAD_BYTES = 2 * FRAME_BYTES_MAX
/** The most a spec and the options of its job may take: both stand in one message. */
export const JOB_BYTES_MAX = 512 * 1024
/** Numbers and ranges of jobs or tasks in one selection. */
export const RANGES_MAX = 1_024
/** Labels, dependencies and amounts of one job. */
export const NEEDS_MAX = 256
/** An input that is told beside its result is never longer; a longer one has to be asked for. */
export const TOLD_INPUT_BYTES_MAX = COMMAND_BYTES_MAX
/** Notices that wait for one client that follows a job; more are left out, results never are. */
export const NOTICES_WAITING_MAX = 10_000
/** Names of workers that are remembered when they have gone. */
export const WORKER_NAMES_MAX = 4_096

// --- timers

/** The longest delay that a timer of Node can have: nearly 25 days. */
export const TIMER_MAX_MS = 2 ** 31 - 1

// --- bundling functions

/** The longest that bundling one module may take: a disk that does not answer is no reason to hang. */
export const BUILD_MS_MAX = 120_000
/** How often installed packages are looked at again; one's own files are at every call. */
export const PACKAGES_LOOK_MS = 1_000

// --- what a durable master keeps of jobs that have ended

export const ENDED_JOBS_KEPT_MS = 7 * 24 * 3_600_000
export const ENDED_JOBS_KEPT_MAX = 10_000
/** Bytes of the journal's file, and of the outputs beside it. */
export const JOURNAL_BYTES_MAX = 8 * 1024 * 1024 * 1024
export const PRUNE_EVERY_MS = 10 * 60_000

// --- live output

/** A worker that has not answered a read for so long does not know what that is. */
export const READ_ANSWER_MS = 60_000

// --- losing the master

/** How long one who follows a job waits for its master to be started again. */
export const MASTER_AWAY_MS = 60_000
/** How long a worker keeps running and keeps results for a master whose record dies with it. */
export const KEEP_EPHEMERAL_MS = 60_000
/** The same for a master that can be restarted from its journal. */
export const KEEP_DURABLE_MS = 24 * 3_600_000
/**
 * Of a task that took this long, the result goes to disk at once; any other once it was not accepted
 * for this time: running such a task again costs less than a write for each.
 */
export const KEEP_WORTH_MS = 1_000
/** Bytes of results on disk, with their blobs; what comes beyond stays in memory. */
export const SPOOL_BYTES_MAX = 1024 * 1024 * 1024

// --- managers of shared objects

/** Clients of one manager. */
export const MANAGER_CLIENTS_MAX = 4_096
/** Objects of one manager, and how many of them one client uses. */
export const OBJECTS_MAX = 100_000
export const HANDLES_MAX = 16_384
/** Parties of a barrier. */
export const CLIENTS_AT_BARRIER_MAX = 65_536
/** Acquisitions of one semaphore by one client. */
export const HOLDS_MAX = 65_536
/** Calls of one client that wait at a time. */
export const WAITS_MAX = 16_384
/** The longest value, text and list of texts or values in one call or answer. */
export const ITEM_BYTES_MAX = 16 * 1024 * 1024
export const ARG_CHARACTERS_MAX = 1_024
export const CALL_VALUES_MAX = 65_536
export const CALL_ARGS_MAX = 65_536
/** What all objects of a manager, and calls that wait, may take together. */
export const MANAGER_BYTES_MAX = 2 * 1024 * 1024 * 1024
/** What a call may bring, and a dict, list or method may answer, at once. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024
/** Calls of a client that are on their way: more wait at the client, so that it cannot flood. */
export const CALLS_WINDOW = 16_384
export const CALLS_WINDOW_BYTES = 4 * 1024 * 1024
/** Answers that a client has not confirmed, above which its further calls wait. */
export const ANSWERS_WINDOW = 16_384
export const ANSWERS_WINDOW_BYTES = 4 * 1024 * 1024
/** A client confirms answers with its next call, or when so many have come without one. */
export const CONFIRM_EVERY = 256
export const CONFIRM_EVERY_BYTES = 256 * 1024
/** Calls that wait at a client for their turn or their answer. */
export const CALLS_WAITING_MAX = 1_000_000
/** Calls of the tasks of one process that wait for their answer, and their bytes. */
export const TASK_CALLS_MAX = 1_024
export const TASK_CALLS_BYTES_MAX = 64 * 1024 * 1024
/** Managers that one task uses. */
export const TASK_MANAGERS_MAX = 16
/** Answers that a task has asked for and does not read. */
export const TASK_ANSWERS_BYTES_MAX = 256 * 1024 * 1024
/** How long a client waits for a manager that is away, before it gives everything up. */
export const MANAGER_AWAY_MS = 30_000
/** How long connecting looks for a member that serves a manager. */
export const MANAGER_FIND_MS = 10_000
