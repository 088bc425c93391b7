package dev.ffmstore.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class PartialTargetTest {
    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void aRefusedClaimLeavesTheFirstItsLock() throws IOException {
        Path target = folder.resolve("out");
        try (PartialTarget first = PartialTarget.claim(target)) {
            Object inode = Files.getAttribute(folder.resolve(".out.ffm-store-partial/lock"), "unix:ino");
            assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
            assertThatThrownBy(() -> PartialTarget.claim(target))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("is being written by another export");
            assertThat(Files.readString(Path.of("/proc/locks"))).contains(":" + inode + " ");
            assertThat(first.output()).doesNotExist();
        }
        PartialTarget.claim(target).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatWasReplacedGoesBackAfterAKill() throws IOException {
        Path target = folder.resolve("out");
        Path replaced = Files.createDirectories(folder.resolve(".out.ffm-store-partial/replaced"));
        Files.writeString(replaced.resolve("old"), "old");
        Files.createDirectory(folder.resolve(".out.ffm-store-partial/output"));
        PartialTarget.claim(target).close();
        assertThat(target.resolve("old")).hasContent("old");
        assertThat(folder.resolve(".out.ffm-store-partial")).doesNotExist();
    }

    @Test
    void whatWasReplacedIsKeptWhereSomethingElseTookItsPlace() throws IOException {
        Path target = Files.createDirectory(folder.resolve("out"));
        Path replaced = Files.createDirectories(folder.resolve(".out.ffm-store-partial/replaced"));
        Files.writeString(replaced.resolve("old"), "old");
        Files.createDirectory(folder.resolve(".out.ffm-store-partial/output"));
        assertThatThrownBy(() -> PartialTarget.claim(target))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("expected only one of them");
        assertThat(replaced.resolve("old")).hasContent("old");
        // the new output has moved: the old folder is not wanted any more
        Files.delete(folder.resolve(".out.ffm-store-partial/output"));
        PartialTarget.claim(target).close();
        assertThat(folder.resolve(".out.ffm-store-partial")).doesNotExist();
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void aFolderIsReplacedWhole() throws IOException {
        Path target = Files.createDirectory(folder.resolve("out"));
        Files.writeString(target.resolve("old"), "old");
        try (PartialTarget partial = PartialTarget.claim(target)) {
            Files.createDirectory(partial.output());
            Files.writeString(partial.output().resolve("new"), "new");
            partial.complete();
        }
        assertThat(target).isDirectoryContaining("glob:**/new").isDirectoryNotContaining("glob:**/old");
        assertThat(folder.resolve(".out.ffm-store-partial")).doesNotExist();
    }
}
