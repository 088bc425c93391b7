package dev.ffmstore.formats;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.export.NamedLayout;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.internal.text.Printable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/// Writes a folder of `.npy` files, one for each tensor, with an index.
///
/// ```text
/// 93 "NUMPY"   magic
/// 01 00        version 1.0
/// u16          length of the header; data starts at a multiple of 64
/// header       {'descr': '<f4', 'fortran_order': False, 'shape': (32000, 2048), }, blanks, a line feed
/// data         row-major, little-endian
/// ```
///
/// The headers are those that NumPy itself writes. NumPy has neither BF16 nor 8-bit floats: a tensor of such a type
/// becomes an array of its bits, `<u2` or `|u1`, and only the index states the type. A tensor of F4, F6_E2M3 or
/// F6_E3M2, whose elements are smaller than a byte, is refused. `index.json`, the last of the files, says which
/// tensor is where:
///
/// ```json
/// {
///   "source": "model.gguf",
///   "names": "gguf",
///   "tensors": [
///     {"name": "output.weight", "file": "output.weight.npy", "dtype": "BF16", "descr": "<u2", "shape": [512, 256]}
///   ]
/// }
/// ```
///
/// A file has the tensor's name, with whatever is not safe in every file system replaced; it never leads out of the
/// folder. Tied tensors share one file, and have an entry each.
public final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    private static final int ALIGNMENT = 64;

    /// NumPy leaves room for the outermost dimension to grow to this number of digits.
    private static final int DIGITS_TO_GROW = 21;

    private Npy() {}

    /// {@return the files of the folder, the index last}
    ///
    /// @param source the tensors
    /// @throws IllegalArgumentException if the elements of a tensor are smaller than a byte
    public static List<NamedLayout> layouts(TensorSource source) {
        List<NamedLayout> files = new ArrayList<>();
        Map<String, Written> written = new HashMap<>();
        SafeFileNames names = new SafeFileNames();
        StringJoiner entries = new StringJoiner(",\n    ", "[\n    ", "\n  ]").setEmptyValue("[]");
        for (TensorSlot tensor : source.tensors()) {
            Written file = tensor.aliasOf()
                    .flatMap(name -> Optional.ofNullable(written.get(name)))
                    .filter(original -> original.holds(tensor))
                    .orElse(null);
            if (file == null) {
                file = new Written(tensor, names.of(tensor.name(), ".npy"));
                files.add(new NamedLayout(file.path, layout(source, tensor)));
            }
            written.put(tensor.name(), file);
            entries.add(entry(tensor, file.path));
        }
        String index = "{\n  \"source\": " + JsonText.quote(source.fileName()) + ",\n  \"names\": "
                + JsonText.quote(source.convention()) + ",\n  \"tensors\": " + entries + "\n}\n";
        files.add(new NamedLayout("index.json", FileLayout.of(index.getBytes(StandardCharsets.UTF_8))));
        return files;
    }

    /// A file, and the tensor in it.
    private record Written(TensorSlot tensor, String path) {
        boolean holds(TensorSlot other) {
            return other.dtype() == tensor.dtype() && other.shape().equals(tensor.shape());
        }
    }

    private static FileLayout layout(TensorSource source, TensorSlot tensor) {
        return FileLayout.builder(source)
                .add(new FileLayout.Literal(header(tensor)))
                .add(new FileLayout.Raw(tensor))
                .build();
    }

    private static byte[] header(TensorSlot tensor) {
        Shape shape = tensor.shape();
        StringBuilder text = new StringBuilder("{'descr': '")
                .append(descr(tensor))
                .append("', 'fortran_order': False, 'shape': ")
                .append(tuple(shape))
                .append(", }");
        if (shape.rank() > 0) {
            text.repeat(' ', DIGITS_TO_GROW - Long.toString(shape.dimension(0)).length());
        }
        int withoutPadding = MAGIC.length + Short.BYTES + text.length() + 1;
        text.repeat(' ', ALIGNMENT - withoutPadding % ALIGNMENT).append('\n');
        return ByteBuffer.allocate(MAGIC.length + Short.BYTES + text.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putShort((short) text.length())
                .put(text.toString().getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private static String descr(TensorSlot tensor) {
        return NpyHeader.descr(tensor.dtype())
                .orElseThrow(() -> new IllegalArgumentException("tensor " + Printable.escape(tensor.name())
                        + ": a .npy file cannot hold elements of " + tensor.dtype()
                        + ", which are smaller than a byte"));
    }

    private static String tuple(Shape shape) {
        StringJoiner tuple = new StringJoiner(", ", "(", shape.rank() == 1 ? ",)" : ")");
        for (long dimension : shape.toArray()) {
            tuple.add(Long.toString(dimension));
        }
        return tuple.toString();
    }

    private static String entry(TensorSlot tensor, String file) {
        return "{\"name\": " + JsonText.quote(tensor.name()) + ", \"file\": " + JsonText.quote(file)
                + ", \"dtype\": \"" + tensor.dtype() + "\", \"descr\": \"" + descr(tensor)
                + "\", \"shape\": " + tensor.shape() + "}";
    }
}
