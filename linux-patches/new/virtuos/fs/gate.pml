/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of the gate (gate.c): two who use a file's data here (one truncates, under the
 * inode's lock; one writes, who takes that lock inside), two who read and write served data,
 * and one who gives it out.
 *
 * What stands under vosfs_data.lock is atomic. Who waits puts himself on the queue before he
 * tries; a page of user memory that has to come comes when it likes, or never.
 *
 * Shown: nobody touches pages while the data is served, nor goes to the service while it
 * is held; nobody uses it while it moves; who claims it is kept waiting by no newcomer, and
 * gets it: all end.
 *
 * FAULT: MOVES_UNDER_USERS
 * FAULT: NEWCOMERS_DESPITE_CLAIM
 * FAULT: CLAIM_AFTER_TRY
 * FAULT: LEAVES_WITHOUT_WAKING
 * FAULT: MOVED_WITHOUT_WAKING
 * FAULT: TRIES_BEFORE_QUEUING
 * FAULT: GIVING_OUT_WAITS
 * FAULT: SERVED_TAKES_LOCK
 * FAULT: FAULTS_INSIDE
 */
/* Who use it here are processes 0 and 1, the giver is 4; so are their places in the queue. */
#define ALL	5
#define GIVER	4

bit served = 1;
byte using, claims;
bit moving;
bit woken[ALL];
bit inode_lock;
bit waits_for_users;		/* a giver who waits: newcomers stand behind him */

inline wake_all()
{
	d_step {
		woken[0] = 1; woken[1] = 1; woken[GIVER] = 1
	}
}

inline lock()
{
	atomic { !inode_lock -> inode_lock = 1 }
}

inline unlock()
{
	inode_lock = 0
}

#ifdef MOVES_UNDER_USERS
#define ALONE	1
#else
#define ALONE	(!using)
#endif

/* try_enter() */
inline try()
{
	atomic {
		decided = 1;
		mover = 0;
		if
		:: moving || waits_for_users -> decided = 0
		:: else ->
			if
			:: !served -> using++
			:: served && ALONE -> moving = 1; mover = 1
			:: else -> decided = 0
			fi
		fi
	}
}

/* wait_and_enter() */
inline wait()
{
#ifndef CLAIM_AFTER_TRY
	claims++;
#endif
	do
	:: true ->
#ifdef TRIES_BEFORE_QUEUING
		try();
		woken[_pid] = 0;
#else
		woken[_pid] = 0;
		try();
#endif
		if
		:: decided -> break
		:: else
		fi;
#ifdef CLAIM_AFTER_TRY
		claims++;
#endif
		(woken[_pid]);
#ifdef CLAIM_AFTER_TRY
		claims--;
#endif
	od;
#ifndef CLAIM_AFTER_TRY
	claims--
#endif
}

/* vosfs_data_begin() */
inline enter()
{
	try();
	if
	:: !decided -> wait()
	:: else
	fi;
	if
	:: mover ->
		assert(!using);
		served = 0;
		atomic { moving = 0; using = 1 };
#ifndef MOVED_WITHOUT_WAKING
		wake_all()
#endif
	:: else
	fi
}

inline leave()
{
	atomic {
		using--;
		wakes = !using && (claims || waits_for_users)
	};
#ifndef LEAVES_WITHOUT_WAKING
	if
	:: wakes -> wake_all()
	:: else
	fi
#endif
}

inline touch_pages()
{
	assert(!served && using)
}

active proctype truncater()
{
	bit decided, mover, wakes;

	lock();
	enter();
	touch_pages();
	leave();
	unlock()
}

active proctype writer()
{
	bit decided, mover, wakes;

	enter();
	lock();
	touch_pages();
	unlock();
	leave()
}

/* If the data is served and nobody claims it. */
active [2] proctype at_the_service()
{
	bit in, wakes;

	atomic {
#ifdef NEWCOMERS_DESPITE_CLAIM
		in = served && !moving;
#else
		in = served && !moving && !claims;
#endif
		using = using + in;
		assert(!in || !claims)
	};
	if
	:: in ->
		assert(served && !moving);
#ifdef SERVED_TAKES_LOCK
		lock();
		unlock();
#endif
#ifdef FAULTS_INSIDE
		(false);
#endif
		leave()
	:: else
	fi
}

/* data_attach() */
active proctype giver()
{
	bit alone;

#ifdef GIVING_OUT_WAITS
	waits_for_users = 1;
	do
	:: true ->
		woken[GIVER] = 0;
		atomic {
			alone = !using && !moving;
			moving = moving || alone
		};
		if
		:: alone -> break
		:: else
		fi;
		(woken[GIVER])
	od;
	waits_for_users = 0;
#else
	atomic {
		alone = !using && !moving && !claims;
		moving = moving || alone
	};
#endif
	if
	:: alone ->
		assert(!using);
		served = 1;
		moving = 0;
		wake_all()
	:: else
	fi
}
