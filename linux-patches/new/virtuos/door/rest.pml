/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of a write whose descriptor is replaced meanwhile (rest.c): a thread that moves the
 * file's offset and writes by the handle, dup2() by another thread, and the channel's work.
 *
 * Shown: a thread that has moved the offset of a file writes its record in that file, once. A
 * thread that has not writes where the descriptor leads. The file is put when the thread has
 * ended its write.
 *
 * FAULT: FLAG_AFTER_OFFSET
 * FAULT: FLAGS_BEFORE_OFFSET
 * FAULT: PUT_WHILE_WRITTEN
 * FAULT: REST_BY_DESCRIPTOR
 * FAULT: NEVER_PUT
 */
mtype = { LIVE, DROPPING, TOLD, FREE };

mtype state = LIVE;
bit word = 1;
bit shared = 1;			/* the offset is in the channel's head */
bit moved;			/* ... and the thread has moved it */
bit writing;			/* vos_uchan_head.writing[] of the thread's lane */
bit kept;			/* the handle has the file, though no word names it */
bit known = 1;			/* to the service */
bit replaced;			/* the descriptor names the other file */
byte in_old, in_new;		/* records */
bit written;			/* the thread has ended */

inline say()
{
	writing = 1
}

/* The service, or what VOS_DOOR_REST does if it is too late for that. */
inline write_by_handle()
{
	if
	:: atomic { known -> in_old++ }
	:: else ->
#ifdef REST_BY_DESCRIPTOR
		atomic { if :: replaced -> in_new++ :: else -> in_old++ fi }
#else
		atomic {
			if
			:: state == LIVE || kept -> in_old++
			:: else -> if :: replaced -> in_new++ :: else -> in_old++ fi
			fi
		}
#endif
	fi
}

active proctype thread()
{
	bit reserved, gone;

	if
	:: !word -> goto trap
	:: else
	fi;
#ifndef FLAG_AFTER_OFFSET
	say();
#endif
	/* The compare and exchange. */
	atomic { reserved = shared; if :: shared -> moved = 1 :: else fi };
#ifdef FLAG_AFTER_OFFSET
	say();
#endif
	if
	:: reserved -> write_by_handle(); assert(in_old == 1 && in_new == 0)
	:: else -> skip
	fi;
	/* The store may come after the load: then the work finds what was kept. */
	gone = !word;
	writing = 0;
	if
	:: gone -> atomic { if :: !writing -> kept = 0 :: else fi }
	:: else
	fi;
	if
	:: reserved -> goto ended
	:: else
	fi;
trap:	atomic { if :: replaced -> in_new++ :: else -> in_old++ fi };
	assert(in_old + in_new == 1);
ended:	written = 1
}

inline detach_offset()
{
	atomic { shared = 0 }
}

inline detach_keep()
{
	atomic { if :: writing -> kept = 1 :: else fi }
}

/* dup2(): the word goes, then the offset, then the table has the other file. */
active proctype dup()
{
	word = 0;
#ifdef FLAGS_BEFORE_OFFSET
	detach_keep();
	detach_offset();
#else
	detach_offset();
	detach_keep();
#endif
	state = DROPPING;
	replaced = 1
}

/* drop.c: the service is told, then the handle is free for another file. */
active proctype work()
{
	state == DROPPING;
	known = 0;
	state = TOLD;
#ifdef PUT_WHILE_WRITTEN
	kept = 0;
#else
#ifndef NEVER_PUT
	do
	:: atomic { kept && !writing -> kept = 0 }
	:: !kept -> break
	od;
#endif
#endif
	state = FREE;
	written;
	assert(!kept)
}
