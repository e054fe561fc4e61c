package dev.ddpm.spark.ingest;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Looks through a folder of this machine. Hadoop's local file system does not show links that lead
 * nowhere nor names that Java cannot express, follows links in a circle, and starts a process per
 * file to ask for permissions.
 */
final class LocalFolder {
  /** What a decoder puts in place of bytes that are no characters. */
  private static final char NO_CHARACTER = '\uFFFD';

  /** Takes what is found. */
  interface Visitor {
    /** A file, or a link to one. */
    void file(FolderFile file);

    /** A file, or a link, that cannot be opened; the reason goes on after its name. */
    void unreadable(String name, String reason);

    /** A folder that may not be looked into; the reason goes on after its name. */
    void closed(String name, String reason);

    /** What is no file; the reason goes on after its name. */
    void leftOut(String name, String reason);
  }

  /** A folder with those that led to it; two are the same if their keys are. */
  private record Step(Object key, Step above) {
    boolean contains(Object other) {
      for (Step step = this; step != null; step = step.above) {
        if (step.key.equals(other)) {
          return true;
        }
      }
      return false;
    }
  }

  private final Path root;
  private final Visitor visitor;

  private LocalFolder(Path root, Visitor visitor) {
    this.root = root;
    this.visitor = visitor;
  }

  /** Visits all files below a folder, in the order of their names within each folder. */
  static void visit(Path root, Visitor visitor) throws IOException {
    Object key = Files.readAttributes(root, BasicFileAttributes.class).fileKey();
    new LocalFolder(root, visitor).visit(root, new Step(key, null));
  }

  private void visit(Path folder, Step step) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(entries::add);
    }
    entries.sort(Comparator.naturalOrder());
    for (Path entry : entries) {
      String name = root.relativize(entry).toString();
      if (name.indexOf(NO_CHARACTER) >= 0) {
        visitor.unreadable(
            name,
            "has a name that is no text in the encoding "
                + Charset.forName(System.getProperty("sun.jnu.encoding"))
                + ": rename it, or set LC_ALL to a locale of its encoding, such as C.UTF-8");
        continue;
      }
      BasicFileAttributes attributes;
      try {
        attributes = Files.readAttributes(entry, BasicFileAttributes.class);
      } catch (NoSuchFileException e) {
        visitor.unreadable(name, "is a link to a file that does not exist");
        continue;
      } catch (IOException e) {
        visitor.unreadable(name, "cannot be read: " + reason(e));
        continue;
      }
      if (!attributes.isDirectory()) {
        if (attributes.isRegularFile()) {
          visitor.file(new FolderFile(name, attributes.size()));
        } else {
          visitor.leftOut(name, "is a device, a pipe or a socket");
        }
      } else if (step.contains(attributes.fileKey())) {
        visitor.leftOut(name, "is a link to a folder that it lies in");
      } else {
        enter(entry, name, new Step(attributes.fileKey(), step));
      }
    }
  }

  private void enter(Path folder, String name, Step step) throws IOException {
    if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
      visitor.closed(name, "is a folder that this user may not read");
      return;
    }
    visit(folder, step);
  }

  private static String reason(IOException error) {
    return error.getClass().getSimpleName() + ": " + error.getMessage();
  }
}
