package dev.ddpm.spark.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
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

  /** What is wrong with the damaged notes, by their stems. */
  private final HashMap<String, String> damaged = new HashMap<>();

  private final HashSet<Long> replaced = new HashSet<>();
  private final ArchiveSummary summary;

  private ArchiveIndex(int number, boolean withFolders) {
    this.number = number;
    summary = new ArchiveSummary(withFolders);
  }

  /**
   * Reads an archive without its pictures. Where nothing can be read beyond some damage, this ends
   * without a word: whoever reads the pictures comes to the same place.
   *
   * @param number that of the archive among those of the input
   * @param withFolders whether folders may tell classes
   */
  static ArchiveIndex of(
      InputFiles files, int number, ArchiveFile archive, PictureNames names, boolean withFolders) {
    ArchiveIndex index = new ArchiveIndex(number, withFolders);
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

  /**
   * The class that a note in the archive tells of a picture.
   *
   * @param source what to call the picture in errors
   * @throws DdpmException (data) if the note is damaged
   */
  Optional<String> classOf(String picture, String source) {
    Optional<String> note = note(picture);
    if (note.filter(damaged::containsKey).isPresent()) {
      throw DdpmException.data(
          "%s has a class that cannot be read: %s.", source, damaged.get(note.get()));
    }
    return note.map(classes::get);
  }

  /** The stem of the note that speaks of a picture. */
  private Optional<String> note(String picture) {
    return ArchiveNames.stems(picture).stream()
        .filter(stem -> classes.containsKey(stem) || damaged.containsKey(stem))
        .findFirst();
  }

  /** One pass over the entries. */
  private static final class Scan {
    private final ArchiveIndex index;
    private final String archive;
    private final PictureNames names;
    private final Map<String, Long> pictures = new HashMap<>();
    private final Map<String, Long> notes = new HashMap<>();

    /** By the stems of notes that are JSON documents: one that is only a class goes before. */
    private final Map<String, String> documents = new HashMap<>();

    private final Map<String, String> damagedDocuments = new HashMap<>();

    Scan(ArchiveIndex index, String archive, PictureNames names) {
      this.index = index;
      this.archive = archive;
      this.names = names;
    }

    void read(InputFiles files, ArchiveFile file) {
      try (ArchiveEntries entries = ArchiveEntries.open(files, file)) {
        long position = 0;
        for (var item = entries.next(); item.isPresent(); item = entries.next()) {
          add(item.get(), position++, entries.outliveDamage());
        }
      } catch (StoredBytes.Failure e) {
        throw InputFiles.failed(file.path(), e);
      } catch (DdpmException e) {
        if (e.category() != DdpmException.Category.DATA) {
          throw e;
        }
      } catch (IOException e) {
        // Damage beyond which nothing can be read: it is told where the pictures are read.
      }
      finish();
    }

    private void add(ArchiveItem item, long position, boolean outlivesDamage) throws IOException {
      String name = item.name();
      boolean note = ArchiveNames.isClass(name) || ArchiveNames.isJson(name);
      Optional<String> reason = ArchiveNames.leftOut(item, names);
      if (reason.isEmpty()) {
        replace(pictures.put(name, position), name);
      } else if (note && PictureNames.hidden(name).isEmpty() && item.special().isEmpty()) {
        addNote(item, position, outlivesDamage);
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

    private void addNote(ArchiveItem item, long position, boolean outlivesDamage)
        throws IOException {
      String name = item.name();
      boolean line = ArchiveNames.isClass(name);
      String should = line ? "should tell a class and " : "should tell a label and ";
      int longest = line ? LONGEST_CLASS : LONGEST_JSON;
      if (item.unreadable().isPresent()) {
        leaveOut(should + item.unreadable().get(), name);
        return;
      }
      if (item.bytes() > longest) {
        leaveOut(should + "has more than " + longest + " bytes", name);
        return;
      }
      byte[] content;
      try {
        content = item.note();
      } catch (StoredBytes.Failure e) {
        throw e;
      } catch (IOException e) {
        if (!outlivesDamage) {
          throw e;
        }
        (line ? index.damaged : damagedDocuments)
            .put(ArchiveNames.stem(name), name + " is damaged: " + ArchiveReader.reason(e));
        leaveOut(should + "is damaged", name);
        return;
      }
      Optional<String> told = line ? text(content) : label(content);
      if (told.isEmpty()) {
        leaveOut(
            line
                ? "should tell a class and is no line of text"
                : "is no JSON document that tells a label",
            name);
        return;
      }
      replace(notes.put(name, position), name);
      (line ? index.damaged : damagedDocuments).remove(ArchiveNames.stem(name));
      (line ? index.classes : documents).put(ArchiveNames.stem(name), told.get());
    }

    private static Optional<String> text(byte[] content) {
      try {
        return Optional.of(
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString())
            .map(String::strip)
            .filter(text -> !text.isEmpty() && text.chars().noneMatch(Character::isISOControl));
      } catch (CharacterCodingException e) {
        return Optional.empty();
      }
    }

    private static Optional<String> label(byte[] content) {
      try {
        JsonNode label = new JsonMapper().readTree(content).path(LABEL);
        return label.isIntegralNumber() || label.isTextual()
            ? Optional.of(label.asText().strip()).filter(text -> !text.isEmpty())
            : Optional.empty();
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    private void finish() {
      damagedDocuments.forEach(
          (stem, wrong) -> {
            if (!index.classes.containsKey(stem)) {
              index.damaged.putIfAbsent(stem, wrong);
            }
          });
      documents.forEach(index.classes::putIfAbsent);
      Set<String> used = new HashSet<>();
      for (String picture : pictures.keySet()) {
        Optional<String> note = index.note(picture);
        note.ifPresent(used::add);
        index.summary.addPicture(
            picture,
            note.isPresent(),
            note.filter(stem -> !index.damaged.containsKey(stem)).map(index.classes::get));
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
