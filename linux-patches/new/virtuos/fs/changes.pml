/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of the log of changes (changes.c, again.c; the service's change.c): a caller that makes a
 * name, removes it and makes it again; one that makes another name; a journal that commits when it likes; a
 * storage domain that dies twice, at any point; and the session's work.
 *
 * A name's value is the inode: a name made again has another one. A name made is found by its
 * inode, and a name removed by its absence. So a change that is looked at too late looks as if
 * it had not been made.
 *
 * Shown: when all is over, each answered change has been carried out once.
 *
 * FAULT: NO_MARK
 * FAULT: TRANSACTION_READ_BEFORE
 * FAULT: ALL_CARRIED_OUT
 * FAULT: LATE_ANSWER_COUNTS
 * FAULT: CALLERS_BEFORE_RECOVERY
 * FAULT: DROPPED_BEFORE_COMMIT
 * FAULT: OLD_STAMP_KEPT
 * FAULT: NEWEST_FIRST
 */
#define CALLERS	2
#define OPS	3
#define ALL	(CALLERS * OPS)
#define DEATHS	2
#define COMMITS	2
#define ops(c)	((c) -> 1 : OPS)	/* of a caller */

/* The domain's memory, and what the disk has of it. */
byte name[CALLERS], disk_name[CALLERS];
byte times[ALL], disk_times[ALL];
byte mark_epoch, mark_tid, disk_mark_epoch, disk_mark_tid;
byte tid = 1, committed;
bit alive = 1;

/* The primary. */
#define NONE	0
#define LOGGED	1
#define PENDING	2
byte epoch = 1;			/* of the link */
byte log_epoch = 1;
byte state[ALL], op_epoch[ALL], op_tid[ALL];
bit open = 1;
byte ended, deaths;
bit checked;

#define before(k)	((k) == 1 -> 1 : 0)
#define after(k)	((k) == 1 -> 0 : (k) + 1)

/* @again: the change may have been carried out. */
inline carry_out(c, k, again)
{
	if
	:: again && name[c] == after(k)
	:: !(again && name[c] == after(k)) ->
		assert(name[c] == before(k));
		name[c] = after(k);
		times[c * OPS + k]++
	fi
}

#ifdef NO_MARK
#define write_mark(e, t)	skip
#else
#define write_mark(e, t)						\
	if								\
	:: mark_epoch == e && mark_tid >= t				\
	:: else -> mark_epoch = e; mark_tid = t				\
	fi
#endif

#ifdef DROPPED_BEFORE_COMMIT
#define told()		tid
#else
#define told()		committed
#endif

#define forget(i)	state[i] = NONE; op_epoch[i] = 0; op_tid[i] = 0

/* drop_committed(), of the caller's own: those of the other depend on none of them. */
inline drop(c, e, sure)
{
	for (i : c * OPS .. c * OPS + OPS - 1) {
		if
		:: state[i] == LOGGED && op_epoch[i] == e && op_tid[i] <= sure -> forget(i)
		:: state[i] == LOGGED && !(op_epoch[i] == e && op_tid[i] <= sure) -> break
		:: else
		fi
	};
	i = 0
}

active [CALLERS] proctype caller()
{
	byte k, mine, t, sure, i;
	bit again;

	do
	:: k == ops(_pid) -> break
	:: k < ops(_pid) ->
send:
#ifdef CALLERS_BEFORE_RECOVERY
		atomic { alive -> mine = epoch };
#else
		atomic { open && alive -> mine = epoch };
#endif
#ifdef TRANSACTION_READ_BEFORE
		t = tid;
#endif
		atomic {
			if
			:: alive && mine == epoch -> carry_out(_pid, k, again)
			:: else -> again = 1; mine = 0; t = 0; goto send
			fi
		};
#ifndef TRANSACTION_READ_BEFORE
		t = tid;
#endif
		atomic {
			if
			:: alive && mine == epoch -> write_mark(mine, t); sure = told()
			:: else -> again = 1; mine = 0; t = 0; goto send
			fi
		};
		/* Here the domain may die and its successor begin. */
		atomic {
			if
#ifndef LATE_ANSWER_COUNTS
			:: mine != log_epoch -> again = 1; mine = 0; t = 0; sure = 0; goto send
#endif
			:: else ->
				state[_pid * OPS + k] = LOGGED;
				op_epoch[_pid * OPS + k] = mine;
				op_tid[_pid * OPS + k] = t;
				drop(_pid, mine, sure);
				k++;
				again = 0;
				mine = 0;
				t = 0;
				sure = 0;
				ended = ended + (k == ops(_pid))
			fi
		}
	od
}

#define copy(to, from, n)	for (x : 0 .. n - 1) { to[x] = from[x] }

active proctype journal()
{
	byte x, n;

end:	do
	:: n < COMMITS ->
		d_step {
			alive ->
			copy(disk_name, name, CALLERS);
			copy(disk_times, times, ALL);
			disk_mark_epoch = mark_epoch;
			disk_mark_tid = mark_tid;
			committed = tid;
			tid++;
			n++;
			x = 0
		}
	od
}

active proctype killer()
{
	byte x;

end:	do
	:: deaths < DEATHS ->
		d_step {
			alive ->
			alive = 0;
			open = 0;
			copy(name, disk_name, CALLERS);
			copy(times, disk_times, ALL);
			mark_epoch = disk_mark_epoch;
			mark_tid = disk_mark_tid;
			tid = committed + 1;
			deaths++;
			checked = 0;
			x = 0
		}
	od
}

#define covers(i)	(op_epoch[i] == mark_epoch && op_tid[i] <= mark_tid)
#ifdef ALL_CARRIED_OUT
#define is_done(i)	0
#else
#define is_done(i)	(state[i] == LOGGED && covers(i))
#endif

#ifdef NEWEST_FIRST
#define at(i)	(ALL - 1 - (i))
#else
#define at(i)	(i)
#endif

active proctype session()
{
	byte i, mine, t;

end:	do
	:: atomic { !alive -> epoch++; mine = epoch; alive = 1; log_epoch = mine };
		/* ask(), vosfs_changes_drop_done() */
		atomic {
			if
			:: alive ->
				for (i : 0 .. ALL - 1) {
					if
					:: state[i] == NONE
					:: state[i] != NONE && is_done(i) -> forget(i)
					:: else -> state[i] = PENDING; op_epoch[i] = 0; op_tid[i] = 0
					fi
				};
				i = 0
			:: else -> goto next
			fi
		};
		do
		:: i == ALL -> break
		:: i < ALL && state[at(i)] != PENDING -> i++
		:: i < ALL && state[at(i)] == PENDING ->
			atomic {
				if
				:: alive -> carry_out(at(i) / OPS, at(i) % OPS, 1)
				:: else -> goto next
				fi
			};
			atomic {
				if
				:: alive -> t = tid; write_mark(mine, t)
				:: else -> goto next
				fi
			};
			atomic {
				if
				:: alive ->
					state[at(i)] = LOGGED;
#ifndef OLD_STAMP_KEPT
					op_epoch[at(i)] = mine;
					op_tid[at(i)] = t
#endif
				:: else -> goto next
				fi
			};
			i++
		od;
		atomic {
			if
			:: alive -> open = 1
			:: else
			fi
		};
next:
		atomic { i = 0; mine = 0; t = 0 }
	:: atomic { ended == CALLERS && alive && open && !checked ->
			for (i : 0 .. ALL - 1) {
				assert(times[i] == (i % OPS < ops(i / OPS)))
			};
			i = 0;
			checked = 1
		}
	od
}
