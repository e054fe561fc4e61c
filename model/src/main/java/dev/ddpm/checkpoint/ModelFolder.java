package dev.ddpm.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.network.Architecture;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model in files: everything that is needed to sample or to go on training, and nothing else.
 *
 * <ul>
 *   <li>{@code model.json}: the description of the model, and the SHA-256 of every other file
 *   <li>{@code weights.safetensors} and others: see {@link TensorFile}; all but the first may be
 *       missing
 *   <li>{@code training.json}: a {@link TrainingState}; may be missing
 * </ul>
 *
 * <p>Each file appears as a whole, and {@code model.json} last: a folder that has one is complete,
 * and a folder that was cut off or put together from two is recognised by its checksums. An
 * instance is a folder whose {@code model.json} has been read.
 *
 * <p>Everything wrong with the files is a {@link DdpmException} (data) that names the file and,
 * where there is one, the tensor; a file system that fails is one (environment).
 */
public final class ModelFolder {
  /** Of {@code model.json}, whose version is that of the whole folder. */
  static final StoredFormat FORMAT =
      StoredFormat.numbered(
              ModelFolder::nameTheKindOfArchitecture,
              second -> {},
              ModelFolder::addNoDefaultsOfSampling,
              StoredClasses::add)
          .withDigestSince(3);

  /** Prefix of Adam's first moments in {@link TensorFile#UPDATER}. */
  public static final String FIRST_MOMENT = "m.";

  /** Prefix of Adam's second moments in {@link TensorFile#UPDATER}. */
  public static final String SECOND_MOMENT = "v.";

  /** Prefixes of the averages in {@link TensorFile#PROFILES}, from the narrow to the wide one. */
  public static final List<String> PROFILES = List.of("narrow.", "wide.");

  private static final String MODEL = "model.json";
  private static final String TRAINING = "training.json";

  /** Longer than any description or state that is written here. */
  private static final long MAXIMUM_DOCUMENT_BYTES = 16 << 20;

  /** All that a folder may have besides its description. */
  private static final Set<String> PARTS =
      Stream.concat(
              Arrays.stream(TensorFile.values()).map(TensorFile::fileName), Stream.of(TRAINING))
          .collect(Collectors.toUnmodifiableSet());

  private final FileStore store;
  private final ModelDocument document;

  private ModelFolder(FileStore store, ModelDocument document) {
    this.store = store;
    this.document = document;
  }

  /** Takes the tensors of a file, one at a time. */
  @FunctionalInterface
  public interface TensorConsumer {
    /** Takes a tensor; the elements are row-major and not used again. */
    void accept(TensorHeader header, float[] elements);
  }

  /**
   * Writes a model.
   *
   * @param store where to; best a new folder
   * @param description what the model is
   * @param tensors the tensor files; {@link TensorFile#WEIGHTS} must be among them
   * @param training where training stands, if it is to be continued
   * @return the folder
   */
  public static ModelFolder write(
      FileStore store,
      ModelDescription description,
      Map<TensorFile, NamedTensors> tensors,
      Optional<TrainingState> training) {
    if (!tensors.containsKey(TensorFile.WEIGHTS)) {
      throw new IllegalArgumentException("a model folder without weights");
    }
    Map<String, String> digests = new HashMap<>();
    for (Map.Entry<TensorFile, NamedTensors> entry : new TreeMap<>(tensors).entrySet()) {
      String name = entry.getKey().fileName();
      digests.put(name, create(store, name, out -> SafetensorsWriter.write(out, entry.getValue())));
    }
    if (training.isPresent()) {
      byte[] json = ModelJson.write(training.get());
      digests.put(TRAINING, create(store, TRAINING, out -> out.write(json)));
    }
    ModelDocument document = new ModelDocument(FORMAT.version(), description, digests);
    removeOthers(store, digests.keySet());
    byte[] json = text(document);
    create(store, MODEL, out -> out.write(json));
    return new ModelFolder(store, document);
  }

  /** Of the fifth version only if the fourth cannot say what classes there are. */
  private static byte[] text(ModelDocument document) {
    ObjectNode content = ModelJson.tree(document);
    return StoredClasses.removeIfImplied(content, document.model())
        ? FORMAT.write(content, StoredClasses.SINCE - 1)
        : FORMAT.write(content);
  }

  /**
   * Reads the description of a model.
   *
   * @throws DdpmException (data) if the folder has no {@code model.json}, or one that is damaged or
   *     of a newer version, or not exactly the files that it lists; or if its network is too large
   *     to be held in arrays
   */
  public static ModelFolder open(FileStore store) {
    String location = store.location(MODEL);
    byte[] json = readDocument(store);
    ModelDocument document =
        ModelJson.read(FORMAT.upgrade(json, location), ModelDocument.class, location);
    if (!document.sha256().containsKey(TensorFile.WEIGHTS.fileName())) {
      throw DdpmException.data(
          "%s cannot be used: it does not list %s.", location, TensorFile.WEIGHTS.fileName());
    }
    requireParts(store, document.sha256().keySet());
    requireCountable(document.model().architecture(), location);
    return new ModelFolder(store, document);
  }

  private static void requireCountable(Architecture architecture, String location) {
    try {
      architecture.plan();
    } catch (DdpmException tooLarge) {
      throw DdpmException.data(tooLarge, "%s cannot be used: %s", location, tooLarge.getMessage());
    }
  }

  /** A model whose average or moments went missing would be used without them, and say nothing. */
  private static void requireParts(FileStore store, Set<String> listed) {
    for (String name : listed) {
      if (!PARTS.contains(name)) {
        throw DdpmException.data(
            "%s cannot be used: it lists %s, and a model folder has no such file.",
            store.location(MODEL), name);
      }
    }
    for (String name : PARTS) {
      boolean present = exists(store, name);
      if (present && !listed.contains(name)) {
        throw DdpmException.data(
            "%s exists, but %s does not list it: the folder is damaged.",
            store.location(name), store.location(MODEL));
      }
      if (!present && listed.contains(name)) {
        throw absent(store, name);
      }
    }
  }

  private static boolean exists(FileStore store, String name) {
    try {
      return store.exists(name);
    } catch (IOException e) {
      throw unreadable(e, store.location(name));
    }
  }

  private static DdpmException absent(FileStore store, String name) {
    return DdpmException.data(
        "%s does not exist, but %s lists it.", store.location(name), store.location(MODEL));
  }

  /** What the model that was here had, and the one that is written has not. */
  private static void removeOthers(FileStore store, Set<String> written) {
    for (String name : PARTS) {
      if (!written.contains(name)) {
        try {
          store.delete(name);
        } catch (IOException e) {
          throw DdpmException.environment(
              e, "%s cannot be removed: %s.", store.location(name), e.getMessage());
        }
      }
    }
  }

  /**
   * Whether a folder says that a newer version of this program wrote it: by its number, or by a
   * word that is not known here, such as another kind of architecture. False where that cannot be
   * told.
   */
  public static boolean isNewer(FileStore store) {
    try {
      byte[] stored = readDocument(store);
      return FORMAT.isNewer(stored)
          || ModelJson.hasUnknownWord(
              FORMAT.upgrade(stored, store.location(MODEL)), ModelDocument.class);
    } catch (DdpmException unreadable) {
      return false;
    }
  }

  /** Whether a folder was written to the end, whatever has become of it. */
  public static boolean isDescribed(FileStore store) {
    return exists(store, MODEL);
  }

  private static byte[] readDocument(FileStore store) {
    String location = store.location(MODEL);
    try {
      if (!store.exists(MODEL)) {
        throw DdpmException.data("%s does not exist: this is not a model folder.", location);
      }
      return readAll(store, MODEL);
    } catch (IOException e) {
      throw unreadable(e, location);
    }
  }

  private static byte[] readAll(FileStore store, String name) throws IOException {
    long length = store.length(name);
    if (length > MAXIMUM_DOCUMENT_BYTES) {
      throw DdpmException.data(
          "%s is damaged: it has %d bytes, and no such file has more than %d.",
          store.location(name), length, MAXIMUM_DOCUMENT_BYTES);
    }
    try (InputStream in = store.open(name)) {
      return in.readAllBytes();
    }
  }

  /** The first version knew one architecture, under the key {@code unet}. */
  private static void nameTheKindOfArchitecture(ObjectNode document) {
    if (document.path("model") instanceof ObjectNode model
        && model.path("unet") instanceof ObjectNode unet) {
      ObjectNode named = unet.deepCopy();
      unet.removeAll();
      unet.put("kind", "labml");
      unet.setAll(named);
      StoredFormat.rename(model, "unet", "architecture");
    }
  }

  /** Up to the third version every model was sampled by the general defaults. */
  private static void addNoDefaultsOfSampling(ObjectNode document) {
    if (document.path("model") instanceof ObjectNode model) {
      model.putObject("sampling");
    }
  }

  /** What the model is. */
  public ModelDescription description() {
    return document.model();
  }

  /** Whether the folder has a tensor file. */
  public boolean has(TensorFile file) {
    return document.sha256().containsKey(file.fileName());
  }

  /**
   * Reads a tensor file.
   *
   * @param file which; see {@link #has}
   * @param expected the names and shapes that must be in it, in any order, and no others
   * @return the tensors, in the order of {@code expected}
   */
  public NamedTensors read(TensorFile file, List<TensorHeader> expected) {
    Map<String, float[]> elements = new HashMap<>();
    read(file, expected, (header, values) -> elements.put(header.name(), values));
    NamedTensors tensors = new NamedTensors();
    for (TensorHeader header : expected) {
      tensors.add(header, elements.get(header.name()));
    }
    return tensors;
  }

  /**
   * Reads a tensor file with one tensor in memory at a time. What the consumer got is good only
   * once this method has returned: the checksum is known at the end.
   *
   * @param file which; see {@link #has}
   * @param expected the names and shapes that must be in it, in any order, and no others
   * @param consumer takes the tensors, in the order of the file
   */
  public void read(TensorFile file, List<TensorHeader> expected, TensorConsumer consumer) {
    String name = file.fileName();
    String location = store.location(name);
    String listed = listedDigest(name);
    MessageDigest digest = Checksum.digest();
    try (SafetensorsReader reader = reader(name, expected, digest)) {
      for (TensorHeader header : reader.tensors()) {
        float[] elements = reader.readFloats();
        checkFinite(header, elements, location);
        consumer.accept(header, elements);
      }
      reader.expectEnd();
    } catch (IOException e) {
      throw unreadable(e, location);
    }
    checkDigest(digest, listed, location);
  }

  /**
   * Checks that a tensor file is as long as the wanted tensors make it, so that room for them can
   * be made before they are read. Their elements are not looked at.
   *
   * @param file which; see {@link #has}
   * @param expected the names and shapes that must be in it, in any order, and no others
   */
  public void require(TensorFile file, List<TensorHeader> expected) {
    listedDigest(file.fileName());
    String name = file.fileName();
    try (SafetensorsReader reader = reader(name, expected, Checksum.digest())) {
      checkLength(reader.length(), store.length(name), store.location(name));
    } catch (IOException e) {
      throw unreadable(e, store.location(name));
    }
  }

  private SafetensorsReader reader(String name, List<TensorHeader> expected, MessageDigest digest)
      throws IOException {
    String location = store.location(name);
    requirePresent(name);
    SafetensorsReader reader =
        new SafetensorsReader(new DigestInputStream(store.open(name), digest), location);
    try {
      checkHeaders(reader.tensors(), expected, location);
      return reader;
    } catch (DdpmException refused) {
      reader.close();
      throw refused;
    }
  }

  /** Where training stands, if the folder says so. */
  public Optional<TrainingState> training() {
    if (!document.sha256().containsKey(TRAINING)) {
      return Optional.empty();
    }
    String location = store.location(TRAINING);
    byte[] json;
    try {
      requirePresent(TRAINING);
      json = readAll(store, TRAINING);
    } catch (IOException e) {
      throw unreadable(e, location);
    }
    MessageDigest digest = Checksum.digest();
    digest.update(json);
    checkDigest(digest, listedDigest(TRAINING), location);
    return Optional.of(ModelJson.read(json, TrainingState.class, location));
  }

  /**
   * The identity of what sampling uses: SHA-256 over the description, without its provenance and
   * its defaults of sampling, and the content of a tensor file. Two runs that came to the same
   * weights have the same.
   *
   * @param file the weights that are used: {@link TensorFile#WEIGHTS} or {@link TensorFile#EMA}
   * @return 64 hexadecimal digits
   */
  public String modelHash(TensorFile file) {
    ModelDescription model = document.model();
    ModelDescription essence =
        new ModelDescription(
            model.architecture(),
            model.classes(),
            model.schedule(),
            model.prediction(),
            model.preset(),
            model.dataRange(),
            Map.of(),
            Map.of());
    MessageDigest digest = Checksum.digest();
    digest.update(ModelJson.write(hashedForm(essence, listedDigest(file.fileName()))));
    return Checksum.hex(digest);
  }

  /**
   * What is hashed. Sample folders name their model by the hash, so its form stays whatever becomes
   * of {@code model.json}: it is that of the first version, and what it could not say is added only
   * where a model has it.
   */
  private static ObjectNode hashedForm(ModelDescription essence, String weights) {
    ObjectNode form = ModelJson.tree(new ModelDocument(1, essence, Map.of("weights", weights)));
    StoredClasses.removeIfImplied(form, essence);
    if (form.path("model") instanceof ObjectNode model) {
      model.remove("sampling");
    }
    if (form.path("model") instanceof ObjectNode model
        && model.path("architecture") instanceof ObjectNode architecture
        && architecture.path("kind").asText().equals("labml")) {
      architecture.remove("kind");
      StoredFormat.rename(model, "architecture", "unet");
    }
    return form;
  }

  private String listedDigest(String name) {
    String digest = document.sha256().get(name);
    if (digest == null) {
      throw DdpmException.data(
          "%s does not list %s: the model was written without it.", store.location(MODEL), name);
    }
    return digest;
  }

  private void requirePresent(String name) throws IOException {
    if (!store.exists(name)) {
      throw absent(store, name);
    }
  }

  private static String create(FileStore store, String name, FileStore.Content content) {
    MessageDigest digest = Checksum.digest();
    try {
      store.create(name, out -> content.writeTo(new DigestOutputStream(out, digest)));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", store.location(name), e.getMessage());
    }
    return Checksum.hex(digest);
  }

  private static void checkHeaders(
      List<TensorHeader> actual, List<TensorHeader> expected, String location) {
    Map<String, TensorHeader> missing = new LinkedHashMap<>();
    for (TensorHeader header : expected) {
      missing.put(header.name(), header);
    }
    for (TensorHeader header : actual) {
      TensorHeader wanted = missing.remove(header.name());
      if (wanted == null) {
        throw DdpmException.data(
            "%s: tensor %s does not belong to the architecture of the model.",
            location, header.name());
      }
      if (!wanted.equals(header)) {
        throw DdpmException.data(
            "%s: tensor %s is F32 %s, but the architecture of the model needs F32 %s.",
            location, header.name(), header.shape(), wanted.shape());
      }
    }
    if (!missing.isEmpty()) {
      throw DdpmException.data(
          "%s: tensor %s is missing.", location, missing.keySet().iterator().next());
    }
  }

  private static void checkLength(long announced, long actual, String location) {
    if (actual != announced) {
      throw DdpmException.data(
          "%s is damaged: it has %d bytes, but its header is that of a file of %d.",
          location, actual, announced);
    }
  }

  private static void checkFinite(TensorHeader header, float[] elements, String location) {
    for (int i = 0; i < elements.length; i++) {
      if (!Float.isFinite(elements[i])) {
        throw DdpmException.data(
            "%s: element %d of tensor %s is %s: weights must be finite.",
            location, i, header.name(), elements[i]);
      }
    }
  }

  private static void checkDigest(MessageDigest digest, String listed, String location) {
    String actual = Checksum.hex(digest);
    if (!actual.equals(listed)) {
      throw DdpmException.data(
          "%s has the SHA-256 %s, but the model was written with %s: it is damaged or of another"
              + " model.",
          location, actual, listed);
    }
  }

  private static DdpmException unreadable(IOException cause, String location) {
    return DdpmException.environment(cause, "%s cannot be read: %s.", location, cause.getMessage());
  }
}
