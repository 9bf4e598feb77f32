/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of threads that write one after the other at a shared offset, and of the end of their
 * process at any point: vos_uchan_head.till[] and ended.c. Another process may move the offset,
 * too. Offsets count records; what is submitted the service will write.
 *
 * Shown: the offset ends behind all records that are submitted or are the other process's, and
 * there is no hole before it unless that one wrote behind a record that was not submitted. The
 * record that was submitted this moment may be behind the offset.
 *
 * FAULT: NO_CLAIM
 * FAULT: NO_TURNS
 * FAULT: TURN_ENDS_EARLY
 * FAULT: CLAIM_STAYS
 * FAULT: CLAIM_AFTER_OFFSET
 * FAULT: WHOEVER_MOVED_IT
 */
#define THREADS		2
#define RECORDS		2
#define NONE		255

byte pos;			/* the offset */
bit taken;			/* a thread has its turn */
byte from[THREADS] = NONE, till[THREADS];
byte given;			/* the offset when the kernel gave it to the process last */
bool there[8];			/* records that are submitted, or written by the other process */
bool theirs[8];			/* the latter */
bool overtaken;			/* the other process wrote behind one that was not submitted */

inline take_turn()
{
#ifndef NO_TURNS
	atomic { !taken -> taken = 1 }
#else
	skip
#endif
}

inline claim()
{
#ifndef NO_CLAIM
	till[_pid] = p + 1;
	from[_pid] = p
#else
	skip
#endif
}

active [THREADS] proctype thread()
{
	byte p, n;
	bool mine;

	do
	:: n == RECORDS -> break
	:: else ->
		take_turn();
		mine = false;
		do
		:: mine -> break
		:: else ->
			p = pos;
#ifndef CLAIM_AFTER_OFFSET
			claim();
#endif
			atomic { if :: pos == p -> pos = p + 1; mine = true :: else fi };
#ifdef CLAIM_AFTER_OFFSET
			claim();
#endif
		od;
#ifdef TURN_ENDS_EARLY
		taken = 0;
#endif
		there[p] = true;
#ifndef CLAIM_STAYS
		till[_pid] = 0;
#endif
#ifndef TURN_ENDS_EARLY
		taken = 0;
#endif
		n++
	od
}

inline call()
{
	atomic {
		if
		:: pos && !there[pos - 1] -> overtaken = true
		:: else
		fi;
		there[pos] = true;
		theirs[pos] = true;
		pos++;
		given = pos
	}
}

/* Its system calls have the position for themselves, but for what passes the door. */
active proctype other()
{
	call();
	call()
}

active proctype kernel()
{
	byte i, low;
	bool behind;

	d_step {
		low = pos;
		i = 0;
		do
		:: i == THREADS -> break
		:: else ->
			if
#ifndef WHOEVER_MOVED_IT
			:: low == given
#endif
			:: else ->
				if
				:: till[i] == low && from[i] < low -> low = from[i]
				:: else
				fi
			fi;
			i++
		od;
		/* What was submitted this moment: its claim still stands. */
		i = low;
		do
		:: i == pos -> break
		:: else ->
			assert(!theirs[i]);
			assert(!there[i] || till[0] == i + 1 || till[1] == i + 1);
			assert(!behind);
			behind = there[i];
			i++
		od;
		i = 0;
		do
		:: i == low || overtaken -> break
		:: else ->
			assert(there[i]);
			i++
		od
	}
}
