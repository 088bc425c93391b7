package dev.ffmstore.internal.measure;

import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorReader;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.internal.pass.Pass;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Computes the SHA-256 of each tensor's dense bytes without holding the tensors: one piece at a time is read,
/// digested and overwritten.
///
/// Each worker takes whole tensors and has a reader and a piece of its own, so that memory does not grow
/// with the tensors.
public final class TensorDigests {
    private static final long PIECE_BYTES = 256 << 10;

    /// Is told of the digests.
    public interface Listener {
        /// Called for each tensor, in the order of the source, on the thread that runs the work, soon after the
        /// digest is known.
        ///
        /// @param tensor the tensor
        /// @param sha256 the digest, in lower-case hexadecimal digits
        /// @throws IOException what it throws ends the work
        void digest(TensorSlot tensor, String sha256) throws IOException;

        /// Called a few times a second.
        ///
        /// @param doneBytes how many dense bytes have been digested
        /// @throws IOException what it throws ends the work
        void progress(long doneBytes) throws IOException;
    }

    private final TensorSource source;
    private final List<TensorSlot> tensors;
    private final Listener listener;
    private final AtomicReferenceArray<String> digests;
    private int told;

    private TensorDigests(TensorSource source, List<TensorSlot> tensors, Listener listener) {
        this.source = source;
        this.tensors = tensors;
        this.listener = listener;
        this.digests = new AtomicReferenceArray<>(tensors.size());
    }

    /// Digests tensors; see [Pass#run].
    ///
    /// @param source the source of the tensors; for ggml's values one that applies no companion scales
    /// @param tensors the tensors to digest
    /// @param threads the number of workers
    /// @param listener is told of the digests
    public static void run(TensorSource source, List<TensorSlot> tensors, int threads, Listener listener)
            throws IOException {
        new TensorDigests(source, tensors, listener).runAll(threads);
    }

    private void runAll(int threads) throws IOException {
        Pass pass = new Pass(
                threads, Problem.of(source.name(), "checksum interrupted").toString());
        pass.run(tensors.size(), this::newTask, this::tell);
        tell(pass.done());
    }

    /// Tells the listener of the digests that are known and new to it, up to the first that is missing.
    private void tell(long doneBytes) throws IOException {
        while (told < digests.length() && digests.get(told) != null) {
            listener.digest(tensors.get(told), digests.get(told));
            told++;
        }
        listener.progress(doneBytes);
    }

    private Pass.Task newTask(Pass.Worker worker) {
        TensorReader reader = source.reader(worker.arena());
        MemorySegment piece = worker.arena().allocate(PIECE_BYTES, TensorPlan.ALIGNMENT);
        MessageDigest sha256 = newSha256();
        return index -> {
            TensorSlot tensor = tensors.get((int) index);
            for (long done = 0; done < tensor.byteSize(); ) {
                MemorySegment next = piece.asSlice(0, Math.min(PIECE_BYTES, tensor.byteSize() - done));
                reader.read(tensor, done, next);
                sha256.update(next.asByteBuffer());
                done += next.byteSize();
                worker.add(next.byteSize());
            }
            digests.set((int) index, HexFormat.of().formatHex(sha256.digest()));
        };
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JVM has it
        }
    }
}
