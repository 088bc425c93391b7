package dev.ffmstore.mlir;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.export.BytesSource;
import dev.ffmstore.export.FileLayout;
import dev.ffmstore.fixtures.Tensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/// Modules that were damaged are refused with an IOException, or baked into what they have become.
class BakePropertiesTest {
    private final Tensors constants = Tensors.ofTheModules();

    @Provide
    Arbitrary<BytesSource> modules() {
        return Arbitraries.of("declared.mlir", "mixed.mlir", "declared.mlirbc", "mixed.mlirbc", "mixed.v1.mlirbc")
                .map(name -> {
                    try {
                        return BytesSource.resource(name);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
    }

    @Property(tries = 4000)
    void flippedBytesAreRefusedOrKept(
            @ForAll("modules") BytesSource module,
            @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 1 << 20) Integer> places,
            @ForAll byte value) {
        byte[] bytes = module.bytes().clone();
        for (int place : places) {
            bytes[place % bytes.length] ^= value;
        }
        check(new BytesSource(module.name(), bytes));
    }

    @Property(tries = 2000)
    void cutModulesAreRefusedOrKept(
            @ForAll("modules") BytesSource module,
            @ForAll @IntRange(max = 1 << 20) int from,
            @ForAll @IntRange(max = 200) int count) {
        byte[] bytes = module.bytes();
        int start = from % bytes.length;
        int end = count == 0 ? bytes.length : Math.min(bytes.length, start + count);
        byte[] cut = new byte[bytes.length - (end - start)];
        System.arraycopy(bytes, 0, cut, 0, start);
        System.arraycopy(bytes, end, cut, start, bytes.length - end);
        check(new BytesSource(module.name(), cut));
    }

    @Property(tries = 2000)
    void anyBytesAreRefusedOrKept(@ForAll @Size(max = 200) byte[] bytes, @ForAll boolean bytecode) {
        byte[] module = bytecode ? new byte[bytes.length + 6] : bytes;
        if (bytecode) {
            System.arraycopy(new byte[] {0x4D, 0x4C, (byte) 0xEF, 0x52, 0x0D, 0}, 0, module, 0, 6);
            System.arraycopy(bytes, 0, module, 6, bytes.length);
        }
        check(new BytesSource("any", module));
    }

    private void check(BytesSource module) {
        Optional<Bake> baked = bake(module);
        if (baked.isEmpty()) {
            return;
        }
        assertThat(baked.get().filled()).isNotEmpty();
        byte[] file = render(baked.get());
        // what was filled is there, whole, and the module that came out is one
        boolean text = file[0] != 0x4D || file[1] != 0x4C;
        String content = new String(file, StandardCharsets.ISO_8859_1);
        for (TensorSlot constant : baked.get().filled()) {
            byte[] bytes = constants.bytes(constant.name());
            assertThat(content)
                    .contains(
                            text
                                    ? HexFormat.of().withUpperCase().formatHex(bytes)
                                    : new String(bytes, StandardCharsets.ISO_8859_1));
        }
        BytesSource again = new BytesSource("again", file);
        assertThat(message(again)).isEqualTo("again: has no dense_resource without data");
        if (text) { // all of it stays
            assertThat(file.length).isGreaterThan(module.bytes().length);
            long kept = baked.get().layout().pieces().stream()
                    .filter(placed -> placed.piece() instanceof FileLayout.Copy)
                    .mapToLong(placed -> placed.piece().size())
                    .sum();
            assertThat(kept).isEqualTo(module.bytes().length);
        }
    }

    private Optional<Bake> bake(BytesSource module) {
        try {
            return Optional.of(Bake.of(module, constants.source(), DeclaredTypes.none()));
        } catch (IOException refused) {
            assertThat(refused).isInstanceOf(ModuleException.class).hasMessageStartingWith(module.name() + ": ");
            return Optional.empty();
        }
    }

    private String message(BytesSource module) {
        try {
            return "baked "
                    + Bake.of(module, constants.source(), DeclaredTypes.none()).filled();
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    private byte[] render(Bake bake) {
        try {
            return constants.render(bake.layout());
        } catch (IOException e) {
            throw new AssertionError(Arrays.toString(e.getStackTrace()), e);
        }
    }
}
