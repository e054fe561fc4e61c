package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The state dicts in what a file of PyTorch holds: the whole of it, or one or several entries of a
 * training checkpoint. A state dict has texts as keys and tensors as values.
 */
final class StateDicts {
  private static final int DEEPEST = 3;
  private static final int SHOWN_CHARACTERS = 80;
  private static final int MAXIMUM_SHOWN = 12;

  /** What wrappers of modules put before the names of their tensors. */
  private static final List<String> WRAPPERS =
      List.of("module.", "_orig_mod.", "model.", "unet.", "eps_model.", "ema_model.");

  /** Dictionaries may be in several others, and be met once for each way to them. */
  private static final long MOST_ENTRIES = 1_000_000;

  private final String file;
  private final Map<String, Map<String, TorchTensor>> found = new LinkedHashMap<>();
  private long entries;

  /**
   * Looks for state dicts.
   *
   * @param file for messages
   * @param content what its pickle says
   * @throws DdpmException (data) if its dictionaries are in each other too often to be looked
   *     through
   */
  StateDicts(String file, Object content) {
    this.file = file;
    search("", content, 0);
  }

  private void search(String path, Object content, int depth) {
    if (!(content instanceof Map<?, ?> map) || map.isEmpty()) {
      return;
    }
    entries += map.size();
    if (entries > MOST_ENTRIES) {
      throw DdpmException.data(
          "%s has dictionaries in each other with more than %d entries, which no model needs.",
          file, MOST_ENTRIES);
    }
    Optional<Map<String, TorchTensor>> tensors = tensors(map);
    if (tensors.isPresent()) {
      found.put(path, tensors.get());
    } else if (depth < DEEPEST) {
      map.forEach(
          (key, value) -> {
            if (key instanceof String name) {
              search(path.isEmpty() ? name : path + "." + name, value, depth + 1);
            }
          });
    }
  }

  private static Optional<Map<String, TorchTensor>> tensors(Map<?, ?> map) {
    Map<String, TorchTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!(entry.getKey() instanceof String name)
          || !(entry.getValue() instanceof TorchTensor tensor)) {
        return Optional.empty();
      }
      tensors.put(name, tensor);
    }
    return Optional.of(tensors);
  }

  /**
   * The state dict that is wanted, without what wrappers have put before all of its names.
   *
   * @param wanted the name of an entry, such as {@code ema} or {@code state.model}; empty if there
   *     is but one
   * @throws DdpmException (data) if there is none; (user) if there are several, or not the wanted
   */
  Map<String, TorchTensor> choose(Optional<String> wanted) {
    if (found.isEmpty()) {
      throw DdpmException.data(
          "%s has no state dict: what was saved is no dictionary of tensors, and has none in it.",
          file);
    }
    if (wanted.isPresent() && !found.containsKey(wanted.get())) {
      throw DdpmException.user(
          "--state-dict = %s: %s has no such state dict; it has %s.", wanted.get(), file, names());
    }
    if (wanted.isEmpty() && found.size() > 1) {
      throw DdpmException.user(
          "%s has %d state dicts: choose one by --state-dict: %s.", file, found.size(), names());
    }
    return unwrapped(
        wanted.isPresent() ? found.get(wanted.get()) : found.values().iterator().next());
  }

  private String names() {
    List<String> names = new ArrayList<>();
    for (String name : found.keySet()) {
      if (names.size() == MAXIMUM_SHOWN) {
        names.add("…");
        break;
      }
      names.add(name.isEmpty() ? "the whole of it" : shortened(name));
    }
    return String.join(", ", names);
  }

  private static Map<String, TorchTensor> unwrapped(Map<String, TorchTensor> tensors) {
    int wrapping = wrapping(tensors.keySet());
    Map<String, TorchTensor> inner = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> inner.put(name.substring(wrapping), tensor));
    return inner;
  }

  /**
   * How many characters wrappers have put before all names. Names of any length are looked through
   * where they are: a hostile file may repeat a wrapper a hundred thousand times.
   */
  static int wrapping(Collection<String> names) {
    int length = 0;
    for (int next = wrapper(names, 0); next > 0; next = wrapper(names, length)) {
      length += next;
    }
    return length;
  }

  private static int wrapper(Collection<String> names, int from) {
    for (String wrapper : WRAPPERS) {
      if (!names.isEmpty() && names.stream().allMatch(name -> name.startsWith(wrapper, from))) {
        return wrapper.length();
      }
    }
    return 0;
  }

  /** As much of a name as a message has room for. */
  static String shortened(String name) {
    return name.length() <= SHOWN_CHARACTERS ? name : name.substring(0, SHOWN_CHARACTERS) + "…";
  }
}
