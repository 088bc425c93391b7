package dev.ffmstore;

import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.gguf.Shape;
import java.util.List;
import java.util.Optional;

/// The elements of a [TensorSlot] that come from one stored tensor, and where each of them goes. Immutable.
///
/// Runs of consecutive elements stay together. Axes say where the runs are, on either side: element `e` of the run
/// with the indexes `i`, `j` … is
///
/// ```text
/// in the stored tensor   storedFirst + i · axes[0].storedStride + j · axes[1].storedStride … + e
/// in the slot            first       + i · axes[0].stride       + j · axes[1].stride       … + e
/// ```
///
/// Without axes there is one run: the whole tensor, some of its rows, one of its experts. A matrix of `r` rows and
/// `c` columns that is transposed has runs of 1 element, and the axes `c × (1, r)` and `r × (c, 1)`.
///
/// In the slot, axes go from the outermost to the innermost: what an index of an axis spans ends before the next
/// index starts. Shares of one slot do not overlap, and together fill it.
///
/// @param stored the stored tensor
/// @param scale what its elements are multiplied by, if anything
/// @param storedFirst the first element that is taken, counted in elements from the start of the stored tensor
/// @param first where it goes, counted in elements from the start of the slot
/// @param run the number of elements of a run, 0 or more; 0 only if there are no axes
/// @param axes where runs are, outermost first in the slot
public record Share(
        StoredTensor stored, Optional<Scale> scale, long storedFirst, long first, long run, List<Axis> axes) {

    /// A companion scale that is applied.
    ///
    /// @param stored the tensor that holds it, of floats; its elements are the factors, row-major
    /// @param block the shape of the block of elements that each factor is for: of the stored weight's rank, no
    /// dimension zero; blocks at the ends may be cut
    public record Scale(StoredTensor stored, Shape block) {}

    /// Runs at regular distances.
    ///
    /// @param count how many there are, 2 or more
    /// @param storedStride from one to the next in the stored tensor, in elements, positive
    /// @param stride from one to the next in the slot, in elements, positive
    public record Axis(long count, long storedStride, long stride) {
        @Override
        public String toString() {
            return count + "×(" + storedStride + "→" + stride + ")";
        }
    }

    public Share {
        axes = List.copyOf(axes);
    }

    /// {@return the share of a tensor all of which becomes a slot, in the stored order}
    static Share whole(StoredTensor stored, Optional<Scale> scale) {
        return new Share(stored, scale, 0, 0, stored.shape().elementCount(), List.of());
    }

    /// {@return the type in which the model stores the elements}
    public StoredType type() {
        return stored.type();
    }

    /// {@return the size of a decoded block in bytes, before it is converted}
    int decodedBlockBytes() {
        return DType.denseOf(type()).isStoredAs(type())
                ? type().blockBytes()
                : type().blockLength() * DType.denseOf(type()).byteSize();
    }

    /// {@return the number of elements}
    public long elementCount() {
        return axes.stream().mapToLong(Axis::count).reduce(run, Math::multiplyExact);
    }

    /// {@return the stored size of the elements in bytes; of cut blocks their part, rounded up for all together}
    public long storedBytes() {
        long elements = elementCount();
        int blockLength = type().blockLength();
        return elements / blockLength * type().blockBytes()
                + Math.ceilDiv(elements % blockLength * type().blockBytes(), (long) blockLength);
    }

    /// {@return whether the elements are consecutive in the stored tensor and in the slot}
    boolean isRun() {
        return axes.isEmpty();
    }

    /// {@return whether elements that are neighbours in the slot come from different rows, so that they are
    /// gathered by way of a buffer}
    boolean isGathered() {
        return run == 1 && !axes.isEmpty();
    }

    /// {@return how many elements of the slot the share spans from its first to its last, from a level of its axes
    /// on}
    ///
    /// @param level the first axis that counts; the number of axes for a single run
    long span(int level) {
        long span = run;
        for (Axis axis : axes.subList(level, axes.size())) {
            span += (axis.count() - 1) * axis.stride();
        }
        return span;
    }

    /// {@return whether both are the same bytes, one or more, in the same order}
    boolean isTiedTo(Share other) {
        return stored.isTiedTo(other.stored)
                && scale.equals(other.scale)
                && storedFirst == other.storedFirst
                && first == other.first
                && run == other.run
                && axes.equals(other.axes);
    }

    /// {@return whether this share's stored tensor and scale are another's: decoded blocks of one are those of the
    /// other}
    boolean hasBlocksOf(Share other) {
        return stored.equals(other.stored) && scale.equals(other.scale);
    }

    /// {@return the stored tensor's name and where its elements go, for people}
    @Override
    public String toString() {
        return stored.name() + "[" + storedFirst + "] → [" + first + "] " + axes + " × " + run
                + scale.map(by -> " × " + by.stored().name()).orElse("");
    }
}
