package dev.ddpm.spark.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What must be known of an archive before its first picture is read: which entries are not read,
 * and the classes of the pictures, which may be told anywhere in it.
 */
// No record: it travels between tasks, and Kryo 4 cannot write one.
final class ArchiveIndex implements Serializable {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST_CLASS = 1 << 10;
  private static final int LONGEST_JSON = 1 << 20;
  private static final String LABEL = "label";
  private static final String REPLACED = "is replaced by a later entry of the same name";

  private final int number;
  private final HashMap<String, String> classes = new HashMap<>();
  private final HashSet<Long> replaced = new HashSet<>();
  private final ArchiveSummary summary = new ArchiveSummary();

  private ArchiveIndex(int number) {
    this.number = number;
  }

  /**
   * Reads an archive without its pictures. Where it is damaged this ends without a word: whoever
   * reads the pictures comes to the same place.
   *
   * @param number that of the archive among those of the input
   */
  static ArchiveIndex of(InputFiles files, int number, ArchiveFile archive, PictureNames names) {
    ArchiveIndex index = new ArchiveIndex(number);
    new Scan(index, archive.name(), names).read(files, archive);
    return index;
  }

  /** The number of the archive among those of the input. */
  int number() {
    return number;
  }

  /** What the driver needs of it. */
  ArchiveSummary summary() {
    return summary;
  }

  /** Whether a later entry has the same name as that at a position. */
  boolean isReplaced(long position) {
    return replaced.contains(position);
  }

  /** The class that a note in the archive tells of a picture. */
  Optional<String> classOf(String picture) {
    return note(picture).map(classes::get);
  }

  private Optional<String> note(String picture) {
    return ArchiveNames.stems(picture).stream().filter(classes::containsKey).findFirst();
  }

  /** One pass over the entries. */
  private static final class Scan {
    private final ArchiveIndex index;
    private final String archive;
    private final PictureNames names;
    private final Map<String, Long> pictures = new HashMap<>();
    private final Map<String, Long> notes = new HashMap<>();

    /** Stems of the notes that are JSON documents: one that is only a class goes before. */
    private final Map<String, String> documents = new HashMap<>();

    Scan(ArchiveIndex index, String archive, PictureNames names) {
      this.index = index;
      this.archive = archive;
      this.names = names;
    }

    void read(InputFiles files, ArchiveFile file) {
      try (ArchiveEntries entries = ArchiveEntries.open(files, file)) {
        long position = 0;
        for (var item = entries.next(); item.isPresent(); item = entries.next()) {
          add(item.get(), position++);
        }
      } catch (StoredBytes.Failure e) {
        throw InputFiles.failed(file.path(), e);
      } catch (DdpmException e) {
        if (e.category() != DdpmException.Category.DATA) {
          throw e;
        }
      } catch (IOException e) {
        // Damage, which is told where the pictures are read.
      }
      finish();
    }

    private void add(ArchiveItem item, long position) throws IOException {
      String name = item.name();
      boolean note = ArchiveNames.isClass(name) || ArchiveNames.isJson(name);
      Optional<String> reason = ArchiveNames.leftOut(item, names);
      if (reason.isEmpty()) {
        replace(pictures.put(name, position), name);
      } else if (note && PictureNames.hidden(name).isEmpty() && item.special().isEmpty()) {
        addNote(item, position);
      } else {
        leaveOut(reason.get(), name);
      }
    }

    private void replace(Long earlier, String name) {
      if (earlier != null) {
        index.replaced.add(earlier);
        leaveOut(REPLACED, name);
      }
    }

    private void addNote(ArchiveItem item, long position) throws IOException {
      String name = item.name();
      Optional<String> told = ArchiveNames.isClass(name) ? text(item) : label(item);
      if (told.isEmpty()) {
        leaveOut(
            ArchiveNames.isClass(name)
                ? "should tell a class and is no line of text"
                : "is no JSON document that tells a label",
            name);
        return;
      }
      replace(notes.put(name, position), name);
      (ArchiveNames.isClass(name) ? index.classes : documents)
          .put(ArchiveNames.stem(name), told.get());
    }

    private static Optional<String> text(ArchiveItem item) throws IOException {
      return item.note(LONGEST_CLASS)
          .map(bytes -> new String(bytes, StandardCharsets.UTF_8).strip())
          .filter(text -> !text.isEmpty() && text.chars().noneMatch(Character::isISOControl));
    }

    private static Optional<String> label(ArchiveItem item) throws IOException {
      Optional<byte[]> bytes = item.note(LONGEST_JSON);
      if (bytes.isEmpty()) {
        return Optional.empty();
      }
      try {
        JsonNode label = new JsonMapper().readTree(bytes.get()).path(LABEL);
        return label.isIntegralNumber() || label.isTextual()
            ? Optional.of(label.asText().strip()).filter(text -> !text.isEmpty())
            : Optional.empty();
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    private void finish() {
      documents.forEach(index.classes::putIfAbsent);
      Set<String> used = new HashSet<>();
      for (String picture : pictures.keySet()) {
        Optional<String> note = index.note(picture);
        note.ifPresent(used::add);
        index.summary.addPicture(picture, note.map(index.classes::get));
      }
      notes.keySet().stream()
          .sorted()
          .forEach(
              note ->
                  leaveOut(
                      used.contains(ArchiveNames.stem(note))
                          ? "tells the class of a picture"
                          : "tells the class of no picture",
                      note));
    }

    private void leaveOut(String reason, String name) {
      index.summary.leaveOut(reason, archive + "/" + name);
    }
  }
}
