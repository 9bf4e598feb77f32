/* SPDX-License-Identifier: MIT */
/*
 * Model of ring.h: one ring, its producer and its consumer, which sleeps, and a third
 * thread that wakes the consumer before it answers (veng_scall_complete() in the engine).
 *
 * What a side writes reaches the other later, unless a barrier stands between: each shared
 * variable has a pending store, which the processes *_stores let through in any order. A
 * store with release semantics waits until what was written before is through.
 *
 * Shown: entries arrive whole, in order, once, and a consumer that sleeps is woken (else
 * it is left in an invalid end state).
 *
 * FAULTS, each of which must be found:
 * FAULT: PUSH_WITHOUT_BARRIER
 * FAULT: ASK_WITHOUT_BARRIER
 * FAULT: NO_SECOND_CHECK
 * FAULT: FIRST_WORD_EARLY
 * FAULT: INDEX_BEFORE_COPY
 * FAULT: ROOM_IGNORED
 * FAULT: PHASE_STANDS_STILL
 * FAULT: WAKES_BEFORE_FLAG
 */
#define ENTRIES	2
#define MSGS	5

bit first[ENTRIES];		/* the phase bit; memory begins zeroed */
byte rest[ENTRIES];		/* the other words: here the message's number */
byte cons;
bit need_wakeup;
bit event;			/* a wake-up that the sleeper has not had yet */

bit first_pends[ENTRIES], first_new[ENTRIES];
bit rest_pends[ENTRIES];
byte rest_new[ENTRIES];
bit cons_pends, wake_pends, wake_new;
byte cons_new;

#define all_through(a)	(!a[0] && !a[1])

active proctype producer_stores()
{
end:	do
	:: atomic { rest_pends[0] -> rest[0] = rest_new[0]; rest_pends[0] = 0 }
	:: atomic { rest_pends[1] -> rest[1] = rest_new[1]; rest_pends[1] = 0 }
	:: atomic { first_pends[0] -> first[0] = first_new[0]; first_pends[0] = 0 }
	:: atomic { first_pends[1] -> first[1] = first_new[1]; first_pends[1] = 0 }
	od
}

active proctype consumer_stores()
{
end:	do
	:: atomic { cons_pends -> cons = cons_new; cons_pends = 0 }
	:: atomic { wake_pends -> need_wakeup = wake_new; wake_pends = 0 }
	od
}

active proctype producer()
{
	byte own = 0;
	bit phase = 1;

	do
	:: own == MSGS -> break
	:: else ->
#ifndef ROOM_IGNORED
		(own - cons < ENTRIES);
#endif
		atomic { rest_new[own % ENTRIES] = own; rest_pends[own % ENTRIES] = 1 };
#ifndef FIRST_WORD_EARLY
		(!rest_pends[own % ENTRIES]);
#endif
		atomic { first_new[own % ENTRIES] = phase; first_pends[own % ENTRIES] = 1 };
		own++;
#ifndef PHASE_STANDS_STILL
		if
		:: own % ENTRIES == 0 -> phase = 1 - phase
		:: else
		fi;
#endif
#ifndef PUSH_WITHOUT_BARRIER
		(all_through(rest_pends) && all_through(first_pends));
#endif
		if
		:: need_wakeup -> event = 1
		:: else
		fi
	od
}

/* A worker: polled for from now on, so it takes the request back, then wakes the sleeper. */
active proctype worker()
{
#ifdef WAKES_BEFORE_FLAG
	event = 1;
	need_wakeup = 0
#else
	need_wakeup = 0;
	event = 1
#endif
}

inline ask(how)
{
	atomic { wake_new = how; wake_pends = 1 }
}

active proctype consumer()
{
	byte own = 0, got;
	bit phase = 1;

	do
	:: own == MSGS -> break
	:: own < MSGS && first[own % ENTRIES] == phase ->
#ifdef INDEX_BEFORE_COPY
		atomic { cons_new = own + 1; cons_pends = 1 };
		(!cons_pends);
		got = rest[own % ENTRIES];
#else
		got = rest[own % ENTRIES];
		atomic { cons_new = own + 1; cons_pends = 1 };
#endif
		assert(got == own);
		own++;
#ifndef PHASE_STANDS_STILL
		if
		:: own % ENTRIES == 0 -> phase = 1 - phase
		:: else
		fi
#endif
	:: own < MSGS && first[own % ENTRIES] != phase ->
		/* From here on a wake-up counts: the state is set before the flag. */
		event = 0;
		ask(1);
#ifndef ASK_WITHOUT_BARRIER
		(!wake_pends);
#endif
		if
#ifndef NO_SECOND_CHECK
		:: first[own % ENTRIES] == phase
		:: first[own % ENTRIES] != phase -> event
#else
		:: event
#endif
		fi;
		ask(0)
	od
}
