package dev.ffmstore;

import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Shape;
import dev.ffmstore.gguf.TensorInfo;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.RandomAccess;

/// The tensors of GGUF files, one file after the other. Each is made when it is asked for: a model of hundreds
/// of thousands of tensors takes hardly any heap. Readable until the files are closed.
final class GgufTensors extends AbstractList<StoredTensor> implements RandomAccess {
    private final List<GgufFile> files;

    /// The number of tensors in all files up to each one, itself included.
    private final int[] ends;

    /// Shapes that tensors have in place of those in the file.
    private final Map<String, Shape> shapes;

    /// @throws ArithmeticException if there are 2^31 tensors or more
    GgufTensors(List<GgufFile> files, Map<String, Shape> shapes) {
        this.files = files;
        this.shapes = shapes;
        this.ends = new int[files.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end = Math.addExact(end, files.get(i).tensors().size());
            ends[i] = end;
        }
    }

    @Override
    public StoredTensor get(int index) {
        int part = 0;
        while (part < ends.length - 1 && index >= ends[part]) {
            part++;
        }
        int before = part == 0 ? 0 : ends[part - 1];
        return stored(part, files.get(part).tensors().get(index - before));
    }

    @Override
    public int size() {
        return ends.length == 0 ? 0 : ends[ends.length - 1];
    }

    /// {@return the tensor of a name, or empty}
    Optional<StoredTensor> find(String name) {
        for (int part = 0; part < ends.length; part++) {
            Optional<TensorInfo> found = files.get(part).find(name);
            if (found.isPresent()) {
                return Optional.of(stored(part, found.get()));
            }
        }
        return Optional.empty();
    }

    private StoredTensor stored(int part, TensorInfo tensor) {
        Shape shape = shapes.isEmpty() ? tensor.shape() : shapes.getOrDefault(tensor.name(), tensor.shape());
        return new StoredTensor(tensor.name(), tensor.type(), shape, part, tensor.offset(), tensor.byteSize());
    }
}
