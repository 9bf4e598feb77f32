/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of a session, its links and their death (session.c, link.c, channel.c, call.c): two
 * incarnations of the service domain, an ordinary caller, the peer that answers or lies, the
 * session's work, and whoever kills a link.
 *
 * Shown: a call that was submitted ends once, and its caller goes on; no ordinary caller is
 * let in before recovery has ended; nobody uses a link that has been freed; an answer that
 * lies in the ring when the link dies counts; the last link is freed in the end.
 *
 * FAULT: DEAD_WITHOUT_THE_LOCK
 * FAULT: REAPS_AFTER_DEATH
 * FAULT: ENDS_WHAT_HAS_ENDED
 * FAULT: DROPS_ANSWERS
 * FAULT: STATE_NOT_CHECKED_AGAIN
 * FAULT: LINK_WITHOUT_A_COUNT
 * FAULT: WAITER_SLEEPS_WITHOUT_A_CHECK
 */
#define LINKS	2
#define NONE	2

mtype = { DOWN, RECOVERING, UP };
mtype = { IDLE, SUBMITTED, ANSWERED, LOST };
mtype = { POLLS, SLEEPS, OVER };

/* The session. */
mtype state = DOWN;
byte link = NONE;		/* in use */
byte announced = NONE;		/* connected, not in use yet */
bit recovered[LINKS];

/* Links. */
byte refs[LINKS];
bit dead[LINKS], freed[LINKS];
bit locked[LINKS];		/* channel.lock */
bit answer[LINKS];		/* a completion lies in the ring */

/* The one call. */
mtype call = IDLE;
byte call_link = NONE;
mtype waiter = POLLS;
byte nr_ended;
bit asked[LINKS];		/* a submission lies in the ring */

#define lock(l)		atomic { !locked[l] -> locked[l] = 1 }
#define unlock(l)	locked[l] = 0

inline put(l)
{
	atomic {
		refs[l]--;
		if
		:: !refs[l] -> freed[l] = 1
		:: else
		fi
	}
}

/* answered(), under the lock */
inline end_call(how)
{
	nr_ended++;
	call = how;
	atomic { was = waiter; waiter = OVER }
}

/* vos_channel_reap_ring() */
inline reap(l)
{
	lock(l);
	if
#ifdef REAPS_AFTER_DEATH
	:: answer[l] ->
#else
	:: answer[l] && !dead[l] ->
#endif
		answer[l] = 0;
		end_call(ANSWERED)
	:: else
	fi;
	unlock(l)
}

/* vos_link_kill(), vos_channel_end_all() */
inline kill(l)
{
#ifdef DEAD_WITHOUT_THE_LOCK
	if
	:: call == SUBMITTED && call_link == l -> end_call(LOST)
	:: else
	fi;
	dead[l] = 1;
#else
	lock(l);
	dead[l] = 1;
#ifndef DROPS_ANSWERS
	if
	:: answer[l] && call == SUBMITTED -> had_answer[l] = 1; answer[l] = 0; end_call(ANSWERED)
	:: else
	fi;
#else
	had_answer[l] = answer[l];
#endif
	if
#ifdef ENDS_WHAT_HAS_ENDED
	:: call != IDLE && call_link == l ->
#else
	:: call == SUBMITTED && call_link == l ->
#endif
		assert(!had_answer[l]);
		end_call(LOST)
	:: else
	fi;
	unlock(l);
#endif
	/* vos_session_link_dead() */
	atomic {
		if
		:: link == l -> state = DOWN
		:: else
		fi
	}
}

bit had_answer[LINKS];

/* The peers: each connects, answers perhaps, and dies (or is killed) at any time. */
proctype incarnation(byte l)
{
	mtype was;
	byte old;

	refs[l] = 1;			/* the device's */
	/* vos_session_link_ready() */
	atomic {
		refs[l]++;
		old = announced;
		announced = l;
		if
		:: old != NONE -> put(old)
		:: else
		fi
	};
	if
	:: asked[l] -> asked[l] = 0; answer[l] = 1;
		if
		:: reap(l)		/* the interrupt */
		:: skip			/* it dies first, or the caller polls */
		fi
	:: skip
	fi;
	kill(l);
	/* Its memory is still mapped there, for all that we know. */
	if
	:: asked[l] -> asked[l] = 0; answer[l] = 1; reap(l)
	:: skip
	fi;
	put(l)
}

/* session_work() */
active proctype work()
{
	byte l;

	do
	:: dead[0] && dead[1] && link == NONE && announced == NONE -> break
	:: link != NONE && dead[link] ->
		atomic { l = link; state = DOWN; link = NONE };
		put(l)
	:: link == NONE && announced != NONE ->
		atomic { l = announced; announced = NONE; state = RECOVERING };
		link = l;
		recovered[l] = 1;	/* ops->up() */
		atomic {
			if
			:: !dead[l] -> state = UP
			:: else
			fi
		}
	od
}

active proctype life()
{
	run incarnation(0);
	/* Its device goes before the next one's is made, or after. */
	run incarnation(1)
}

/* vos_session_link_get(): link, then state, then death; @seen stays NONE if it is not open. */
inline link_get()
{
	l = link;
	if
	:: l != NONE ->
#ifdef STATE_NOT_CHECKED_AGAIN
		skip;
#else
		s = state;
#endif
		if
#ifdef STATE_NOT_CHECKED_AGAIN
		:: !dead[l] ->
#else
		:: s == UP && !dead[l] ->
#endif
#ifdef LINK_WITHOUT_A_COUNT
			skip
#else
			atomic {
				if
				:: refs[l] -> refs[l]++	/* kref_get_unless_zero() */
				:: else -> l = NONE
				fi
			}
#endif
		:: else -> l = NONE
		fi
	:: else
	fi
}

active proctype caller()
{
	byte l;
	mtype s, was;

	do
	:: link_get();
		if
		:: l != NONE -> break
		:: else ->
			/* Waits for the session; in the end there is none. */
			if
			:: state == UP
			:: dead[0] && dead[1] -> goto gone
			fi
		fi
	od;
	assert(recovered[l]);
	/* vos_channel_submit() */
	assert(!freed[l]);
	call_link = l;
	waiter = POLLS;
	lock(l);
	if
	:: !dead[l] ->
		call = SUBMITTED;
		asked[l] = 1;
		unlock(l);
		if
		:: reap(l)			/* it polls */
		:: skip
		fi;
		/* sleep_for() */
#ifdef WAITER_SLEEPS_WITHOUT_A_CHECK
		waiter = SLEEPS;
		(waiter == OVER);
#else
		atomic {
			if
			:: waiter == POLLS -> waiter = SLEEPS
			:: else
			fi
		};
		(waiter == OVER);
#endif
		assert(nr_ended == 1);
		assert(call == ANSWERED || call == LOST)
	:: else ->
		unlock(l);
		assert(nr_ended == 0)
	fi;
	call = IDLE;
	assert(!freed[l]);
#ifndef LINK_WITHOUT_A_COUNT
	put(l);
#endif
gone:	skip
}
