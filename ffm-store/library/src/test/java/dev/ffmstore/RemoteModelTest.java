package dev.ffmstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.export.ExportOptions;
import dev.ffmstore.export.Exporter;
import dev.ffmstore.fixtures.RangeServer;
import dev.ffmstore.formats.Safetensors;
import dev.ffmstore.formats.WeightFiles;
import dev.ffmstore.gguf.GgufException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Models on a server are what they are on a disk.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RemoteModelTest {
    private static final byte[] SAFETENSORS =
            WeightFiles.safetensors("{" + WeightFiles.field("a", "F32", "[1]", 0, 4) + "}", WeightFiles.floats(1));
    private static final byte[] IRPA =
            WeightFiles.irpa().data("a", WeightFiles.floats(1)).bytes();

    @TempDir
    Path folder;

    @Test
    void loadsWhatTheFileHolds() throws IOException {
        TestModel file = TestModel.large();
        try (RangeServer server = new RangeServer(file.bytes());
                Model model = Model.open(server.url());
                TensorStore store = TensorStore.load(model)) {
            assertThat(model.name()).isEqualTo(server.url().toString());
            assertThat(model.byteSize()).isEqualTo(file.bytes().length);
            for (Tensor tensor : store.tensors()) {
                assertThat(TestModel.bytesOf(tensor)).isEqualTo(file.dense(tensor.name()));
            }
        }
    }

    /// Neither the host nor a query may show in what is written.
    @Test
    void exportsTheSameBytesFromAnywhere() throws IOException {
        TestModel file = TestModel.ofEveryType();
        Path local = export(Model.open(file.writeTo(folder)), "local.safetensors");
        try (RangeServer server = new RangeServer(file.bytes())) {
            Path remote =
                    export(Model.open(server.url("/elsewhere/model.gguf?signature=secret")), "remote.safetensors");
            assertThat(remote).hasSameBinaryContentAs(local);
        }
    }

    private Path export(Model opened, String name) throws IOException {
        try (Model model = opened) {
            Path out = folder.resolve(name);
            TensorSource source = TensorSource.of(model, TensorForm.dense());
            new Exporter(ExportOptions.defaults()).write(out, Safetensors.layout(source));
            return out;
        }
    }

    @Test
    void isOfAnyFormatThatIsOneFile() throws IOException {
        try (RangeServer server = new RangeServer(SAFETENSORS)) {
            try (Model model = Model.open(server.url("/anything"))) {
                assertThat(model.format()).isEqualTo(Model.Format.SAFETENSORS);
                assertThat(model.tensors()).hasSize(1);
            }
            server.replace(IRPA, "\"irpa\"");
            try (Model model = Model.open(server.url("/anything"))) {
                assertThat(model.format()).isEqualTo(Model.Format.IRPA);
            }
            server.replace(new byte[100], "\"none\"");
            assertThatThrownBy(() -> Model.open(server.url("/x.gguf?y")))
                    .isInstanceOf(GgufException.class)
                    .hasMessageStartingWith(server.url("/x.gguf") + ": ");
            assertThatThrownBy(() -> Model.open(server.url("/x.safetensors"))).isInstanceOf(ModelException.class);
            assertThatThrownBy(() -> Model.open(server.url("/x.safetensors.index.json")))
                    .isInstanceOf(ModelException.class)
                    .hasMessageEndingWith(": an index of shards is read from a local folder only");
            assertThatThrownBy(() -> Model.open(server.url("/folder/"))).hasMessageContaining("is a folder");
        }
    }

    @Test
    void isOpenedWithOneRequest() throws IOException {
        try (RangeServer server = new RangeServer(TestModel.ofEveryType().bytes());
                Model model = Model.open(server.url())) {
            assertThat(server.calls()).hasSize(1);
            model.checkUnchanged();
            assertThat(server.calls()).hasSize(2);
        }
    }

    @Test
    void isNotReadToTheEndIfItChanges() throws IOException {
        byte[] bytes = TestModel.large().bytes();
        try (RangeServer server = new RangeServer(bytes);
                Model model = Model.open(server.url())) {
            server.replace(bytes, "\"two\"");
            assertThatThrownBy(() -> TensorStore.load(model))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(server.url() + ": ")
                    .hasMessageContaining("has changed since it was opened");
            assertThatThrownBy(model::checkUnchanged)
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("has changed since it was opened");
        }
    }

    @Test
    void isLocalIfItsUriSaysSo() throws IOException {
        Path path = TestModel.ofEveryType().writeTo(folder);
        try (Model model = Model.open(path.toUri())) {
            assertThat(model.name()).isEqualTo(path.toString());
        }
        assertThatThrownBy(() -> Model.open(folder.resolve("none").toUri())).isInstanceOf(NoSuchFileException.class);
        for (String uri : new String[] {"ftp://host/model.gguf", "model.gguf", "file://host/x?y#z", "mailto:x"}) {
            assertThatThrownBy(() -> Model.open(URI.create(uri))).isInstanceOf(IOException.class);
        }
    }

    /// Workers are not interrupted, but they do not wait on for a server either.
    @Test
    void anInterruptEndsALoadWhoseServerIsSilent() throws Exception {
        TestModel file = TestModel.large();
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        try (RangeServer server = new RangeServer(file.bytes())) {
            server.behave((call, number) -> {
                if (number > 0) {
                    waiting.countDown();
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                call.answer();
            });
            AtomicReference<Throwable> result = new AtomicReference<>();
            Thread loader = Thread.ofPlatform().start(() -> {
                try (Model model = Model.open(server.url())) {
                    TensorStore.load(model).close();
                } catch (Throwable e) {
                    result.set(Thread.currentThread().isInterrupted() ? e : new AssertionError("status lost", e));
                }
            });
            waiting.await();
            loader.interrupt();
            loader.join(TimeUnit.SECONDS.toMillis(20)); // the server would be waited for longer
            assertThat(loader.isAlive()).isFalse();
            assertThat(result.get()).isInstanceOf(InterruptedIOException.class);
        } finally {
            over.countDown();
        }
    }

    @Test
    void leavesNothingHalfMade() throws IOException {
        byte[] bytes = TestModel.large().bytes();
        try (RangeServer server = new RangeServer(bytes)) {
            server.behave((call, number) -> {
                if (number < 2) {
                    call.answer();
                } else {
                    call.status(404);
                }
            });
            assertThatThrownBy(() -> export(Model.open(server.url()), "out.safetensors"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no such file on the server: status 404");
            try (var files = Files.list(folder)) {
                assertThat(files).isEmpty();
            }
        }
    }
}
