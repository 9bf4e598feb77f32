/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of a descriptor's word and its handle (docs/protocol.md, section 9): one descriptor,
 * one slot of a user channel, a thread that calls by the word, the kernel, the service, and
 * a vfork() child that shares the memory and not the descriptors.
 *
 * Shown: a call acts on a file that the descriptor named at some time since the call began;
 * what a handle stands for goes after the last call that uses it; the kernel follows
 * handle->file only while that file stands; a child calls by none of its parent's words.
 *
 * FAULT: WORD_AFTER_DESCRIPTOR
 * FAULT: EXEC_PASSES_THE_DOOR
 * FAULT: GENERATIONS_PER_CHANNEL
 * FAULT: DROP_IGNORES_USERS
 * FAULT: SLOT_BEFORE_ANSWER
 * FAULT: ATTACH_WITHOUT_A_CHECK
 * FAULT: VFORK_WITHOUT_PAUSE
 */
#define FILES	5		/* 0: none */
#define OTHER	4		/* what another descriptor names, all the time */
#define CHANGES	3
#define ATTACHED 2

mtype = { FREE, LIVE, DROPPING };

byte fd = 1;			/* the file that the descriptor names */
byte word;			/* generation, 0: none */
byte last_gen;
bit paused;
bit calling;			/* the thread is in a call ... */
bit named[FILES];		/* ... and since then the descriptor has named these */
bit stands[FILES] = 1;		/* struct file: named, or in somebody's hands */
byte held_by_attach;		/* ... namely in these */
byte next_file = 2;

/* The front end's handle of the slot. */
mtype state = FREE;
byte h_file, h_gen;

/* The service's. */
byte s_gen, s_users, s_target;
bit s_answered = 1;		/* no HANDLE_DROP is outstanding */
bit target_stands[FILES];

/* The descriptor is to name @f from here on. */
inline set_fd(f)
{
	fd = f;
	if
	:: calling -> named[f] = 1
	:: else
	fi
}

/* vdoor_revoke_word() and vdoor_handle_detach(): under files->file_lock and door->lock. */
inline revoke_word()
{
	word = 0;
	if
	:: state == LIVE && h_file != OTHER ->
		assert(stands[h_file]);		/* fetch_pos() */
		state = DROPPING
	:: else
	fi
}

/* A call on the handle has ended, or its being there. */
inline put_handle()
{
	s_users--;
	if
	:: !s_users && !s_answered -> target_stands[s_target] = 0; s_answered = 1
	:: else
	fi
}

inline let_go(f)
{
	atomic {
		if
		:: f != held_by_attach -> stands[f] = 0
		:: else
		fi
	}
}

/* close() and dup2(); @f: 0 or another file. */
inline replace(f)
{
#ifdef WORD_AFTER_DESCRIPTOR
	old = fd;
	atomic { set_fd(f) };
	atomic { revoke_word() };
#else
	atomic { revoke_word(); old = fd; set_fd(f) };
#endif
	let_go(old)
}

/* exec() closes what is marked so; the old memory goes later, with the door. */
inline exec()
{
#ifdef EXEC_PASSES_THE_DOOR
	atomic { old = fd; set_fd(0) };
	let_go(old);
	atomic { revoke_word() }
#else
	replace(0)
#endif
}

/* tell_drop() */
inline drop()
{
	s_answered = 0;
	s_gen = 0;
#ifdef DROP_IGNORES_USERS
	atomic { target_stands[s_target] = 0; s_users--; s_answered = 1 };
#else
	atomic { put_handle() };
#endif
#ifndef SLOT_BEFORE_ANSWER
	s_answered;
#endif
	state = FREE
}

inline attach()
{
	last_gen++;
	h_gen = last_gen;
	atomic {
		assert(!s_users);		/* else EBUSY, and the slot is lost */
		target_stands[h_file] = 1;
		s_target = h_file;
		s_users++;
		s_gen = h_gen
	};
	atomic {
		state = LIVE;
		if
#ifdef ATTACH_WITHOUT_A_CHECK
		:: h_file != OTHER -> word = h_gen
#else
		:: h_file != OTHER && fd == h_file && !paused -> word = h_gen
#endif
		:: h_file == OTHER		/* its own word */
		:: else -> revoke_word()
		fi
	};
	atomic { if :: fd != h_file && h_file != OTHER -> stands[h_file] = 0 :: else fi; held_by_attach = 0 }
}

/* What other threads of the process have the kernel do, one at a time. */
active proctype kernel()
{
	byte n = 0, old;

end:	do
	:: n < CHANGES && fd && next_file < OTHER -> n++; replace(next_file); next_file++
	:: n < CHANGES && fd -> n++; replace(0)
	:: n < CHANGES && fd -> n++; exec()
	:: n < CHANGES && !fd && next_file < OTHER ->
		atomic { n++; set_fd(next_file); next_file++ }
#ifdef GENERATIONS_PER_CHANNEL
	:: n < CHANGES && state == FREE -> n++; last_gen = 0	/* the door is opened anew */
#endif
	od
}

/* ATTACH, under door->mutex, and the thread that tells of what has ended. */
active proctype door()
{
	byte n = 0;

end:	do
	:: state == DROPPING -> drop()
	:: atomic { n < ATTACHED && state == FREE && fd -> n++; h_file = fd; held_by_attach = fd };
		attach()
	:: n < ATTACHED && state == FREE -> n++; h_file = OTHER; attach()
	:: state == LIVE && h_file == OTHER -> atomic { state = DROPPING }
	od
}

active proctype thread()
{
	byte w, target;

	atomic { named[fd] = 1; calling = 1 };
	w = word;
	if
	:: !w				/* the trap door */
	:: else ->
		/* The dispatcher: veng_handle_use(), the service, veng_handle_put(). */
		atomic {
			if
			:: s_gen && s_gen == w -> s_users++; target = s_target
			:: else			/* EBADF */
			fi
		};
		if
		:: target ->
			assert(named[target]);
			assert(target_stands[target]);
			atomic { put_handle() }
		:: else
		fi
	fi
}

/* Its descriptors are copies of its own; it has closed this one. */
active proctype vfork_child()
{
#ifdef VFORK_WITHOUT_PAUSE
	skip;
#else
	atomic { paused = 1; revoke_word() };
#endif
	assert(!word);
	assert(!word);
	paused = 0
}
