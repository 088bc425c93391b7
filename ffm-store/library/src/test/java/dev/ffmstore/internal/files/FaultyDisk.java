package dev.ffmstore.internal.files;

import dev.ffmstore.internal.memory.LinuxRename;
import java.io.IOException;
import java.nio.file.Path;

/// A disk whose steps are counted, and on which something happens at one of them.
final class FaultyDisk implements Disk {
    /// The process has died: it does nothing any more, and cleans nothing up.
    static final class Crash extends Error {
        private static final long serialVersionUID = 1L;
    }

    /// What the machine can do.
    enum Machine {
        /// The kernel's own renames.
        KERNEL,
        /// Files may have two names.
        LINKS,
        /// Nothing but renames.
        PLAIN
    }

    /// What happens at the step.
    enum Fault {
        CRASH,
        ERROR
    }

    private final Disk disk = new SystemDisk();
    private final Machine machine;
    private final Fault fault;
    private final long faultAt;
    private long steps;

    FaultyDisk(Machine machine, Fault fault, long faultAt) {
        this.machine = machine;
        this.fault = fault;
        this.faultAt = faultAt;
    }

    /// {@return one on which nothing happens}
    static FaultyDisk sound(Machine machine) {
        return new FaultyDisk(machine, Fault.ERROR, Long.MAX_VALUE);
    }

    /// {@return whether there were so many steps that the fault has happened}
    boolean hasFailed() {
        return steps >= faultAt;
    }

    private void step() throws IOException {
        steps++;
        if (fault == Fault.CRASH && steps >= faultAt) {
            throw new Crash();
        }
        if (fault == Fault.ERROR && steps == faultAt) {
            throw new IOException("Input/output error");
        }
    }

    @Override
    public void createFolder(Path folder) throws IOException {
        step();
        disk.createFolder(folder);
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        step();
        disk.move(from, to);
    }

    @Override
    public LinuxRename.Result moveNew(Path from, Path to) throws IOException {
        if (machine != Machine.KERNEL) {
            return LinuxRename.Result.UNABLE;
        }
        step();
        return disk.moveNew(from, to);
    }

    @Override
    public boolean exchange(Path one, Path other) throws IOException {
        if (machine != Machine.KERNEL) {
            return false;
        }
        step();
        return disk.exchange(one, other);
    }

    @Override
    public boolean link(Path name, Path file) throws IOException {
        if (machine == Machine.PLAIN) {
            return false;
        }
        step();
        return disk.link(name, file);
    }

    @Override
    public void delete(Path path) throws IOException {
        step();
        disk.delete(path);
    }

    @Override
    public void copyPermissions(Path from, Path to) throws IOException {
        step();
        disk.copyPermissions(from, to);
    }

    @Override
    public void force(Path path) throws IOException {
        step(); // what a stop of the machine would lose is not tested
    }
}
