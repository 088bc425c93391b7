package dev.ffmstore.internal.decode;

import dev.ffmstore.LoadPlan;
import dev.ffmstore.ggml.BlockDecoders;
import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// The SHA-256 of each tensor's dense bytes, without the tensors: a tile at a time is decoded, taken in and
/// overwritten.
///
/// Each worker takes whole tensors and owns an input buffer and a tile, so that memory does not grow with the
/// tensors.
public final class TensorDigests {
    private static final int TILE_BYTES = 256 << 10;

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
        BlockStream blocks = new BlockStream(source, decoders, arena);
        MemorySegment tile = arena.allocate(TILE_BYTES, LoadPlan.ALIGNMENT);
        MessageDigest sha256 = newSha256();
        return index -> digests.set((int) index, digest(plan.slots().get((int) index), blocks, tile, sha256));
    }

    private String digest(LoadPlan.Slot slot, BlockStream blocks, MemorySegment tile, MessageDigest sha256)
            throws IOException {
        GgmlType type = slot.type();
        long blockCount = slot.sourceBytes() / type.blockBytes();
        long tileBlocks = TILE_BYTES / type.denseBlockBytes();
        for (long done = 0; done < blockCount; ) {
            long count = Math.min(blockCount - done, tileBlocks);
            long bytes = count * type.denseBlockBytes();
            blocks.decode(slot, done, count, tile, 0);
            sha256.update(tile.asSlice(0, bytes).asByteBuffer());
            done += count;
            doneBytes.addAndGet(bytes);
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
