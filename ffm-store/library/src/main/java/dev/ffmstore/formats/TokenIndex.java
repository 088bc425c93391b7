package dev.ffmstore.formats;

import dev.ffmstore.gguf.MetadataValue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/// Finds the ids of tokens by their bytes: a hash table with open addressing, off the heap, some 24 bytes a token.
///
/// The hash of bytes `b0 … bn` is the polynomial `b0·Mⁿ + … + bn`, modulo 2⁶⁴, so that the hash of a text that is
/// longer at either end is known from it. `M` is another one each time: nobody can choose tokens that collide. For
/// one thread.
final class TokenIndex {
    private static final ValueLayout.OfLong HASH = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt SLOT = ValueLayout.JAVA_INT;

    private final MetadataValue.Array tokens;
    private final long multiplier = new SplittableRandom().nextLong() | 1;
    private final MemorySegment hashes;
    private final MemorySegment slots;
    private final long mask;

    /// Makes an index of all tokens; of equal ones the last is found.
    ///
    /// @param arena where the table is, as long as the index is used
    TokenIndex(MetadataValue.Array tokens, Arena arena) throws UntoldException {
        if (tokens.size() > 1 << 28) {
            throw new UntoldException("there are {} tokens", tokens.size());
        }
        this.tokens = tokens;
        long capacity = Long.highestOneBit(Math.max(1, tokens.size())) * 4;
        this.mask = capacity - 1;
        this.hashes = arena.allocate(HASH, Math.max(1, tokens.size()));
        this.slots = arena.allocate(SLOT, capacity); // an id + 1, or 0
        for (long id = 0; id < tokens.size(); id++) {
            MemorySegment token = tokens.stringBytes(id);
            long hash = hash(token);
            hashes.setAtIndex(HASH, id, hash);
            slots.setAtIndex(SLOT, place(hash, token), (int) id + 1);
        }
    }

    /// {@return the hash of a text and one more byte}
    long appended(long hash, byte next) {
        return hash * multiplier + value(next);
    }

    /// {@return the hash of a byte and the text after it}
    ///
    /// @param power `M` to the power of the length of that text
    long prepended(byte first, long power, long hash) {
        return value(first) * power + hash;
    }

    /// {@return `M` times a power of it}
    long nextPower(long power) {
        return power * multiplier;
    }

    private static long value(byte b) {
        return Byte.toUnsignedLong(b) + 1;
    }

    /// {@return the id of the token of these bytes, or −1}
    ///
    /// @param hash their hash
    long find(long hash, MemorySegment bytes) {
        return slots.getAtIndex(SLOT, place(hash, bytes)) - 1L;
    }

    /// {@return whether there is a token of these bytes}
    boolean contains(MemorySegment bytes) {
        return find(hash(bytes), bytes) >= 0;
    }

    private long hash(MemorySegment bytes) {
        long hash = 0;
        for (long i = 0; i < bytes.byteSize(); i++) {
            hash = appended(hash, bytes.get(ValueLayout.JAVA_BYTE, i));
        }
        return hash;
    }

    /// Returns the slot that holds a token, or the free one where it belongs.
    private long place(long hash, MemorySegment bytes) {
        long at = (hash ^ hash >>> 32) * 0x9E3779B97F4A7C15L >>> 20 & mask;
        while (true) {
            int slot = slots.getAtIndex(SLOT, at);
            if (slot == 0
                    || hashes.getAtIndex(HASH, slot - 1L) == hash
                            && tokens.stringBytes(slot - 1L).mismatch(bytes) < 0) {
                return at;
            }
            at = at + 1 & mask;
        }
    }
}
