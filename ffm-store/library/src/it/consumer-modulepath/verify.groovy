// A consumer inherits the two jars of the library and nothing else, the command line's libraries least of all.
def inherited = new File(basedir, 'target/inherited.txt').readLines()
        .findAll { it.contains(':jar:') }
        .collect { it.trim().tokenize(':').take(2).join(':') }
        .sort()
assert inherited == ['dev.ffmstore:ffm-store', 'dev.ffmstore:ffm-store-core']
