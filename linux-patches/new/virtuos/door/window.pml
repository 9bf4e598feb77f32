/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of a window (docs/protocol.md, section 9; window.c here and in the library): two
 * readers and a writer of a file in place, and the kernel, which takes the word, makes the
 * file shorter and unmaps it.
 *
 * The kernel's store to the word is seen later, unless a barrier stands between (ring.pml).
 * Readers and writers count themselves in and out by locked instructions.
 *
 * Shown: nobody touches what is unmapped; what counts is what the file had; of a write that
 * counts the kernel sets the times; the mapping goes in the end.
 *
 * FAULT: SIZE_BEFORE_WORD
 * FAULT: CHECK_BEFORE_COUNTING
 * FAULT: NO_SECOND_CHECK
 * FAULT: UNMAPS_UNDER_READERS
 * FAULT: READER_LEAVES_IT
 * FAULT: TIDIES_ONCE
 * FAULT: LEAVING_STANDS
 * FAULT: TIDY_WITHOUT_BARRIER
 * FAULT: NOTE_AFTER_CHECK
 */
#define OLD	1
#define NEW	2

bit word = 1, word_pends;
byte users;
byte tail = OLD;		/* a byte that truncation takes away: then it shows as 0 */
bit truncated;
bit mapped = 1;
bit leaving;
bit wrote;			/* uchan_head.wrote[slot] */
bit times_set;
bit counted;			/* a write has been reported to its program */
byte done;

active proctype word_store()
{
end:	do
	:: atomic { word_pends -> word = 0; word_pends = 0 }
	od
}

/* tidy_one() */
inline tidy()
{
	do
	:: true ->
		atomic { was = leaving; leaving = 1 };
		if
		:: was -> break
		:: else
		fi;
#ifdef UNMAPS_UNDER_READERS
		mapped = 0;
		break;
#endif
		if
		:: !users -> mapped = 0; break
		:: else
		fi;
#ifdef LEAVING_STANDS
		break;
#endif
		leaving = 0;
#ifdef TIDIES_ONCE
		break;
#endif
		if
		:: users -> break
		:: else
		fi
	od
}

inline count_in()
{
#ifdef CHECK_BEFORE_COUNTING
	stood = word;
	users++;
#else
	users++;
	stood = word;
#endif
}

/* The second check, and what follows from it. */
inline count_out()
{
	users--;
#ifdef NO_SECOND_CHECK
	stands = 1;
#else
	stands = word;
#endif
	if
	:: stands
	:: else ->
#ifndef READER_LEAVES_IT
		tidy()
#else
		skip
#endif
	fi
}

active [2] proctype reader()
{
	bit stood, stands, was;
	byte got;

	count_in();
	if
	:: stood -> assert(mapped); got = tail
	:: else
	fi;
	count_out();
	assert(!(stood && stands) || got != 0);
	done++
}

active proctype writer()
{
	bit stood, stands, was;

	count_in();
	if
	:: stood ->
		assert(mapped);
		atomic {
			if
			:: !truncated -> tail = NEW
			:: else			/* zeros that belong to nobody */
			fi
		};
#ifndef NOTE_AFTER_CHECK
		wrote = 1
#else
		skip
#endif
	:: else
	fi;
	count_out();
	if
	:: stood && stands ->
#ifdef NOTE_AFTER_CHECK
		wrote = 1;
#endif
		counted = 1
	:: else
	fi;
	done++
}

active proctype kernel()
{
	bit was;

#ifdef SIZE_BEFORE_WORD
	atomic { tail = 0; truncated = 1 };
	word_pends = 1;
#else
	word_pends = 1;
	if
	:: skip				/* close() */
	:: (!word_pends) ->		/* truncation: the inode's lock is taken */
		atomic { tail = 0; truncated = 1 }
	fi;
#endif
#ifndef TIDY_WITHOUT_BARRIER
	(!word_pends);
#endif
	tidy();
	(!word_pends);
	/* The handle ends: vdoor_wrote(). */
	atomic {
		if
		:: wrote -> wrote = 0; times_set = 1
		:: else
		fi
	};
	(done == 3);
	assert(!counted || times_set);
	assert(!mapped)
}
