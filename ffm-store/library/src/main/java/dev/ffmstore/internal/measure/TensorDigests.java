package dev.ffmstore.internal.measure;

import dev.ffmstore.BlockStream;
import dev.ffmstore.LoadPlan;
import dev.ffmstore.SlotReader;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.pass.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// The SHA-256 of each tensor's dense bytes, without the tensors: a piece at a time is read, taken in and
/// overwritten.
///
/// Each worker takes whole tensors and owns the buffers of a reader and a piece, so that memory does not grow
/// with the tensors.
public final class TensorDigests {
    private static final long PIECE_BYTES = 256 << 10;

    /// Hears of the digests.
    public interface Listener {
        /// Called for each tensor, in the order of the plan, on the thread that runs the work, soon after the
        /// digest is known.
        ///
        /// @param slot the tensor
        /// @param sha256 the digest, in lower-case hexadecimal digits
        void digest(LoadPlan.Slot slot, String sha256);

        /// Called a few times a second.
        ///
        /// @param doneBytes how many dense bytes have been taken in
        void progress(long doneBytes);
    }

    private final LoadPlan plan;
    private final Source source;
    private final BlockDecoders decoders;
    private final Listener listener;
    private final AtomicReferenceArray<String> digests;
    private final AtomicLong doneBytes = new AtomicLong();
    private int told;

    private TensorDigests(LoadPlan plan, Source source, BlockDecoders decoders, Listener listener) {
        this.plan = plan;
        this.source = source;
        this.decoders = decoders;
        this.listener = listener;
        this.digests = new AtomicReferenceArray<>(plan.slots().size());
    }

    /// Digests every tensor of a plan; see [Workers#run].
    ///
    /// @param plan the tensors; for ggml's values one that applies no companion scales
    /// @param source where their blocks are
    /// @param decoders which decoders to use
    /// @param threads how many workers
    /// @param listener hears of the digests
    public static void run(LoadPlan plan, Source source, BlockDecoders decoders, int threads, Listener listener)
            throws Exception {
        new TensorDigests(plan, source, decoders, listener).runAll(threads);
    }

    private void runAll(int threads) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Workers.run(threads, plan.slots().size(), () -> newTask(arena), this::tell);
        }
        tell();
    }

    /// Tells of the digests that are known and have not been told of, up to the first that is missing.
    private void tell() {
        while (told < digests.length() && digests.get(told) != null) {
            listener.digest(plan.slots().get(told), digests.get(told));
            told++;
        }
        listener.progress(doneBytes.get());
    }

    private Workers.Task newTask(Arena arena) {
        SlotReader reader = new SlotReader(new BlockStream(source, decoders, arena), arena);
        MemorySegment piece = arena.allocate(PIECE_BYTES, LoadPlan.ALIGNMENT);
        MessageDigest sha256 = newSha256();
        return index -> digests.set((int) index, digest(plan.slots().get((int) index), reader, piece, sha256));
    }

    private String digest(LoadPlan.Slot slot, SlotReader reader, MemorySegment piece, MessageDigest sha256)
            throws IOException {
        for (long done = 0; done < slot.byteSize(); ) {
            MemorySegment next = piece.asSlice(0, Math.min(PIECE_BYTES, slot.byteSize() - done));
            reader.read(slot, done, next);
            sha256.update(next.asByteBuffer());
            done += next.byteSize();
            doneBytes.addAndGet(next.byteSize());
        }
        return HexFormat.of().formatHex(sha256.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JVM has it
        }
    }
}
