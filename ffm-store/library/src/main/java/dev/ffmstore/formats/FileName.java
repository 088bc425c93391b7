package dev.ffmstore.formats;

/// The names of files that stand in other files.
final class FileName {
    private FileName() {}

    /// {@return a name, if it names a file of the same folder}
    ///
    /// @param file the name of the file it stands in
    /// @param name the name
    /// @throws WeightsException if it could lead elsewhere
    static String require(String file, String name) throws WeightsException {
        boolean plain = !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
        if (!plain) {
            throw WeightsException.of(file, "names another file", "the name of one beside it", name);
        }
        return name;
    }
}
