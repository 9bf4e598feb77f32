/* SPDX-License-Identifier: MIT */
/*
 * Model of the object table and its events (docs/protocol.md, sections 5 and 7): one
 * object, one front-end processor on which its reader and a program that computes take
 * turns, and the dispatcher of the back end.
 *
 * `armed', `poll' and `how' are seen by the other side later (see ring.pml); event words
 * and causes are changed by locked instructions, which are seen at once and order all that is
 * before. Beside data, the back end tells of room. Nobody waits for that.
 *
 * Shown: the reader is never left asleep while there is data, whether its processor is
 * idle, polls, or computes without ever taking events; also when the dispatcher sleeps. (An
 * idle processor polls for completions; events would come without that, only later.) Room alone
 * never wakes it.
 *
 * FAULT: ARM_WITHOUT_BARRIER
 * FAULT: CHECK_BEFORE_ARMING
 * FAULT: PUBLISH_WITHOUT_BARRIER
 * FAULT: ARMED_READ_FIRST
 * FAULT: SELECTOR_FIRST
 * FAULT: CAUSE_AFTER_BITS
 * FAULT: CAUSE_BEFORE_BITS
 * FAULT: CAUSES_OVERWRITTEN
 * FAULT: WOKEN_WHATEVER_THE_CAUSE
 * FAULT: BITS_BEFORE_SELECTOR
 * FAULT: POLLER_GETS_NO_EVENT
 * FAULT: SLEEPS_WITH_AN_EVENT_PENDING
 * FAULT: BUSY_IS_NEVER_TOLD
 */
#define ITEMS	2		/* of data, one after the other */

mtype = { NOT, SOON, NOW };

byte data;			/* the back end's own: queued and not received */
bit poll, armed, selector, bits, interrupt;
mtype how = SOON;		/* cq.need_wakeup of channel 0 */

bit poll_pends, poll_new, armed_pends, armed_new, how_pends;
mtype how_new = SOON;

bit for_data, for_room;		/* vos_obj_state.cause */
byte told;			/* events for data that have woken nobody yet */
bit woken;			/* the reader's wait queue */

active proctype stores()
{
end:	do
	:: atomic { poll_pends -> poll = poll_new; poll_pends = 0 }
	:: atomic { armed_pends -> armed = armed_new; armed_pends = 0 }
	:: atomic { how_pends -> how = how_new; how_pends = 0 }
	od
}

#define back_barrier	(!poll_pends)
#define front_barrier	(!armed_pends && !how_pends)

/* take_cause() and wake_waiters(), as one: an exchange, and what it found */
inline wake_for_cause()
{
#ifdef WOKEN_WHATEVER_THE_CAUSE
	woken = 1;
	assert(told);
	told--;
#endif
	if
	:: for_data -> assert(told); told--; woken = 1
	:: else
	fi;
	for_data = 0;
	for_room = 0
}

/* vos_object_events() */
inline take()
{
#ifdef BITS_BEFORE_SELECTOR
	if
	:: selector ->
		atomic { front_barrier; if :: bits -> bits = 0; wake_for_cause() :: else fi };
		selector = 0
	:: else
	fi
#else
	if
	:: selector ->
		atomic { front_barrier; selector = 0 };
#ifdef CAUSE_BEFORE_BITS
		if
		:: bits ->
			atomic { wake_for_cause() };
			bits = 0
		:: else
		fi
#else
		atomic { if :: bits -> bits = 0; due = 1 :: else fi };
		atomic { if :: due -> due = 0; wake_for_cause() :: else fi }
#endif
	:: else
	fi
#endif
}

/* The event channel's interrupt; on the same processor, but then it could come anywhere. */
active proctype upcall()
{
	bit due;

end:	do
	:: interrupt -> interrupt = 0; take()
	od
}

inline ask(h)
{
	atomic { how_new = h; how_pends = 1 };
	(!how_pends)
}

/* The processor, with nothing to run: idle_enter(), and until it has something. */
inline be_idle()
{
	if
	:: ask(NOT); take(); ask(SOON)	/* polls first */
	:: skip
	fi;
	ask(NOW);
	take();
	woken;
	ask(SOON)
}

active proctype reader()
{
	byte got = 0;
	bit due;

	do
	:: got == ITEMS -> break
	:: else ->
		woken = 0;
#ifdef CHECK_BEFORE_ARMING
		bit seen = poll;
#endif
		atomic { armed_new = 1; armed_pends = 1 };
#ifndef ARM_WITHOUT_BARRIER
		front_barrier;
#endif
		if
#ifdef CHECK_BEFORE_ARMING
		:: seen
#else
		:: poll
#endif
		:: else ->
			if
			:: be_idle()
			:: skip ->	/* another program computes for ever */
				woken
			:: ask(NOT);	/* ... having polled for an answer of its own */
				ask(SOON);
				woken
			fi
		fi;
		/* The call that receives: answered with the new mask published before. */
		atomic {
			if
			:: data -> data--; got++; poll = (data > 0); poll_pends = 0
			:: else
			fi
		}
	od;
}

/* raise_event(): @mine is the cause, and @other one that may be there already */
inline raise(mine, other)
{
#ifdef CAUSE_AFTER_BITS
	atomic { back_barrier; bits = 1 };
	selector = 1;
	mine = 1;
#else
	atomic {
		back_barrier;
		mine = 1;
#ifdef CAUSES_OVERWRITTEN
		other = 0
#endif
	};
#ifdef SELECTOR_FIRST
	selector = 1;
	bits = 1;
#else
	bits = 1;
	selector = 1;
#endif
#endif
	raised = 1
}

/* veng_obj_publish(), for data */
inline publish()
{
#ifdef ARMED_READ_FIRST
	is_armed = armed;
#endif
	atomic { data++; poll_new = 1; poll_pends = 1 };
#ifndef PUBLISH_WITHOUT_BARRIER
	back_barrier;
#endif
#ifndef ARMED_READ_FIRST
	is_armed = armed;
#endif
	if
	:: is_armed -> told++; raise(for_data, for_room)
	:: else
	fi
}

/* The same for room, of which the reader's part of the mask says nothing. */
inline publish_room()
{
	is_armed = armed;
	if
	:: is_armed -> raise(for_room, for_data)
	:: else
	fi
}

/* veng_events_tell(), once a turn */
inline tell()
{
#ifdef POLLER_GETS_NO_EVENT
	if
	:: raised && how != NOT -> pending = 1
	:: else
	fi;
#else
	pending = pending || raised;
#endif
	raised = 0;
	if
	:: pending && !selector -> pending = 0
	:: pending && selector ->
		if
		:: how == NOT
#ifndef BUSY_IS_NEVER_TOLD
		:: how == SOON -> interrupt = 1; pending = 0	/* it has had its time */
#endif
		:: how == SOON					/* not yet */
		:: how == NOW -> interrupt = 1; pending = 0
		fi
	:: else
	fi
}

active proctype dispatcher()
{
	byte sent = 0, rooms = 0;
	bit raised, pending, is_armed;

	do
	:: sent < ITEMS -> publish(); sent++; tell()
	:: rooms < ITEMS -> publish_room(); rooms++; tell()
	:: pending -> tell()
	:: !pending || sent == ITEMS ->
		/* About to sleep: veng_events_flush(). */
#if !defined(SLEEPS_WITH_AN_EVENT_PENDING) && !defined(BUSY_IS_NEVER_TOLD)
		if
		:: pending && selector -> interrupt = 1
		:: else
		fi;
		pending = 0;
#endif
		if
		:: sent == ITEMS -> break
		:: else
		fi
	od
}
