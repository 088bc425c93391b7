package dev.ffmstore.gguf;

import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/// A type of a tensor that this library cannot read: one that ggml has removed or will have, or of a fork of it.
///
/// Only reading such a tensor is an error; it can be listed, and left out. Forks give the same id to different
/// types, so what is known of the origin is told by the id and by the size, which reaches to the next tensor or the
/// end of the file. Immutable.
///
/// @param id the number of the type in the file, 0 or more
/// @param origin what the type probably is, a phrase that is safe to print
public record ForeignType(int id, String origin) implements StoredType {
    private static final String TABLE = "foreign-types.tsv";
    private static final int UNFIT = 3;

    /// A type that has been seen under an id.
    ///
    /// @param blockBytes the size of a block in bytes; 0 if it is not known
    /// @param moreBytes the size of what a tensor has beside its blocks, in bytes
    private record Known(int id, String name, int blockLength, int blockBytes, int moreBytes, String origin) {
        /// {@return how well a tensor of this type fills a place: 0 if it fills it, 1 if it does with its padding,
        /// 2 if less than the alignment is left over; [#UNFIT] if it does not}
        int fit(Shape shape, long room, int alignment) {
            if (blockBytes == 0 || shape.rowLength() % blockLength != 0) {
                return UNFIT;
            }
            long blocks = shape.elementCount() / blockLength;
            if (room < moreBytes || blocks > (room - moreBytes) / blockBytes) {
                return UNFIT;
            }
            long size = blocks * blockBytes + moreBytes;
            long left = room - size;
            if (left == 0 || left >= alignment) {
                return left == 0 ? 0 : UNFIT;
            }
            return left == (-size & (alignment - 1)) ? 1 : 2;
        }

        String phrase() {
            return name + " " + origin;
        }
    }

    /// The table, which is read when the first such type is met.
    private static final class Table {
        static final List<Known> ROWS = read();

        private Table() {}

        private static List<Known> read() {
            try (InputStream table = Objects.requireNonNull(ForeignType.class.getResourceAsStream(TABLE))) {
                List<Known> rows = new ArrayList<>();
                for (String line : new String(table.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                    if (!line.startsWith("#")) {
                        String[] cells = line.split("\t");
                        rows.add(new Known(
                                Integer.parseInt(cells[0]),
                                cells[1],
                                Integer.parseInt(cells[2]),
                                Integer.parseInt(cells[3]),
                                Integer.parseInt(cells[4]),
                                cells[5]));
                    }
                }
                return rows;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// {@return the type of a tensor whose id ggml does not know}
    ///
    /// @param id the id, 0 or more
    /// @param room how many bytes there are to the next tensor or the end of the file
    /// @param alignment the alignment of tensors in bytes
    static ForeignType of(int id, Shape shape, long room, int alignment) {
        List<Known> known = Table.ROWS.stream().filter(row -> row.id() == id).toList();
        if (known.isEmpty()) {
            return new ForeignType(id, "unknown, maybe of a newer ggml or of another fork");
        }
        int best = known.stream()
                .mapToInt(row -> row.fit(shape, room, alignment))
                .min()
                .orElse(UNFIT);
        return new ForeignType(
                id,
                known.stream()
                        .filter(row -> row.fit(shape, room, alignment) == best)
                        .map(Known::phrase)
                        .collect(Collectors.joining(", or ", "probably ", "")));
    }

    /// {@return whether a tensor that is too long for its place under ggml's type of this id would fit it as a
    /// fork's type}
    static boolean explains(int id, Shape shape, long room, int alignment) {
        return Table.ROWS.stream().anyMatch(row -> row.id() == id && row.fit(shape, room, alignment) != UNFIT);
    }

    /// {@return the id as a name, such as `id 36`}
    @Override
    public String name() {
        return "id " + id;
    }

    /// {@return 1: how many elements a block has is not known}
    @Override
    public int blockLength() {
        return 1;
    }

    /// {@return 0: the size of a block is not known}
    @Override
    public int blockBytes() {
        return 0;
    }

    /// {@return why a tensor of this type cannot be read, a sentence that is safe to print}
    ///
    /// @param tensor the name of the tensor
    public String problem(String tensor) {
        return Problem.fill("tensor {} has a type that is not read: id {}, {}", tensor, id, Problem.printable(origin));
    }

    /// {@return the id and the origin}
    @Override
    public String toString() {
        return name() + " (" + origin + ")";
    }
}
