package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ElementType;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the names in a pickle of PyTorch may stand for: a fixed table, in which each name has a rule
 * of this class that makes a tensor, a container or a number. Whatever else a pickle names is
 * refused by its name.
 */
final class PickleNames {
  /** Something that is read and not needed, such as a device or one of NumPy's numbers. */
  static final Object IGNORED = new Object();

  private static final int SHOWN_CHARACTERS = 100;

  /** Elements and letters that may be copied: a few instructions could ask for any number. */
  private static final long MOST_COPIED = 1 << 24;

  private static final Map<String, ElementType> STORAGES =
      Map.ofEntries(
          Map.entry("FloatStorage", ElementType.F32),
          Map.entry("DoubleStorage", ElementType.F64),
          Map.entry("HalfStorage", ElementType.F16),
          Map.entry("BFloat16Storage", ElementType.BF16),
          Map.entry("LongStorage", ElementType.I64),
          Map.entry("IntStorage", ElementType.I32),
          Map.entry("ShortStorage", ElementType.I16),
          Map.entry("CharStorage", ElementType.I8),
          Map.entry("ByteStorage", ElementType.U8),
          Map.entry("UntypedStorage", ElementType.U8),
          Map.entry("_UntypedStorage", ElementType.U8),
          Map.entry("BoolStorage", ElementType.BOOL));

  private static final Map<String, ElementType> TYPES =
      Map.ofEntries(
          Map.entry("torch.float32", ElementType.F32),
          Map.entry("torch.float64", ElementType.F64),
          Map.entry("torch.float16", ElementType.F16),
          Map.entry("torch.bfloat16", ElementType.BF16),
          Map.entry("torch.int64", ElementType.I64),
          Map.entry("torch.int32", ElementType.I32),
          Map.entry("torch.int16", ElementType.I16),
          Map.entry("torch.int8", ElementType.I8),
          Map.entry("torch.uint8", ElementType.U8),
          Map.entry("torch.bool", ElementType.BOOL));

  /** Names that are values: nothing is made of them. */
  private static final Set<String> VALUES =
      Set.of(
          "torch.Tensor",
          "torch.strided",
          "torch.contiguous_format",
          "builtins.dict",
          "builtins.list",
          "builtins.int",
          "builtins.float",
          "builtins.set",
          "__builtin__.dict",
          "__builtin__.list",
          "__builtin__.int",
          "__builtin__.float");

  private static final Map<String, Rule> RULES =
      Map.ofEntries(
          Map.entry("collections.OrderedDict", PickleNames::dictionary),
          Map.entry("collections.defaultdict", arguments -> new LinkedHashMap<>()),
          Map.entry("builtins.set", PickleNames::only),
          Map.entry("builtins.frozenset", PickleNames::only),
          Map.entry("__builtin__.set", PickleNames::only),
          Map.entry("__builtin__.frozenset", PickleNames::only),
          Map.entry("torch.Size", PickleNames::only),
          Map.entry("torch.device", arguments -> IGNORED),
          Map.entry("torch._utils._rebuild_tensor", PickleNames::tensor),
          Map.entry("torch._utils._rebuild_tensor_v2", PickleNames::tensor),
          Map.entry("torch._utils._rebuild_tensor_v3", PickleNames::typedTensor),
          Map.entry("torch._utils._rebuild_parameter", PickleNames::parameter),
          Map.entry("torch._utils._rebuild_parameter_with_state", PickleNames::parameter),
          Map.entry("torch.nn.parameter.Parameter", PickleNames::parameter),
          Map.entry("torch._tensor._rebuild_from_type_v2", PickleNames::ofType),
          Map.entry("_codecs.encode", PickleNames::bytes),
          Map.entry("numpy.dtype", arguments -> IGNORED),
          Map.entry("numpy.core.multiarray.scalar", arguments -> IGNORED),
          Map.entry("numpy._core.multiarray.scalar", arguments -> IGNORED));

  private final Map<String, ElementType> storages = new HashMap<>();
  private long copied;

  /**
   * A name of the table.
   *
   * @param text module and name
   */
  record Name(String text) {}

  /** Makes a value of arguments. */
  @FunctionalInterface
  private interface Rule {
    Object make(List<?> arguments);
  }

  /**
   * What a pickle may mean by a name.
   *
   * @param name module and name, such as {@code collections.OrderedDict}
   * @throws DdpmException (data) if it is not in the table
   */
  Name named(String name) {
    if (!RULES.containsKey(name)
        && !VALUES.contains(name)
        && !TYPES.containsKey(name)
        && storageType(name) == null) {
      throw DdpmException.data(
          "it asks for %s: only tensors, containers and numbers are read, and nothing that a file"
              + " names is ever loaded or run.",
          shortened(name));
    }
    return new Name(name);
  }

  /**
   * What a name makes of arguments.
   *
   * @throws DdpmException (data) if it is no name of a rule, or the arguments are not of its form
   */
  Object make(Object callable, List<?> arguments) {
    if (!(callable instanceof Name name)) {
      throw Pickle.damaged();
    }
    Rule rule = RULES.get(name.text());
    if (rule == null) {
      throw DdpmException.data("it asks for a call of %s, which is not needed.", name.text());
    }
    requireFew(arguments);
    return rule.make(arguments);
  }

  private void requireFew(List<?> arguments) {
    if (!arguments.isEmpty() && arguments.get(0) instanceof List<?> list) {
      copied += list.size();
    } else if (!arguments.isEmpty() && arguments.get(0) instanceof String text) {
      copied += text.length();
    }
    if (copied > MOST_COPIED) {
      throw DdpmException.data(
          "its pickle asks for copies of more than %d elements, which no model needs.",
          MOST_COPIED);
    }
  }

  /**
   * Elements that a pickle refers to: 'storage', their type, the key of their bytes, a device,
   * their number, and, in old files, which part of these bytes it is.
   */
  Object stored(List<?> reference) {
    if (reference.size() >= 2
        && "module".equals(reference.get(0))
        && reference.get(1) instanceof Name name) {
      throw DdpmException.data(
          "it is a whole module (%s), not a state dict: save model.state_dict().",
          shortened(name.text()));
    }
    if (reference.size() < 5
        || !"storage".equals(reference.get(0))
        || !(reference.get(1) instanceof Name name)
        || storageType(name.text()) == null
        || !(reference.get(2) instanceof String key)) {
      throw Pickle.damaged();
    }
    long length = number(reference.get(4));
    long offset = 0;
    if (reference.size() > 5 && reference.get(5) != null) {
      List<?> view = arguments(reference.get(5), 3);
      offset = number(view.get(1));
      length = number(view.get(2));
    }
    if (offset < 0 || length < 0) {
      throw Pickle.damaged();
    }
    storages.put(key, storageType(name.text()));
    return new TorchStorage(key, storageType(name.text()), offset, length);
  }

  /** The storages that were referred to: the type of their elements by their keys. */
  Map<String, ElementType> storages() {
    return storages;
  }

  /** A key of a dictionary. Containers are none: one that contains itself could not be compared. */
  static Object key(Object value) {
    if (value == null
        || value instanceof String
        || value instanceof Long
        || value instanceof Double
        || value instanceof Boolean
        || value instanceof BigInteger
        || value instanceof Name) {
      return value;
    }
    throw DdpmException.data("its pickle has a dictionary whose keys are no texts or numbers.");
  }

  private static ElementType storageType(String name) {
    for (String module : List.of("torch.", "torch.storage.", "torch.cuda.")) {
      if (name.startsWith(module) && STORAGES.containsKey(name.substring(module.length()))) {
        return STORAGES.get(name.substring(module.length()));
      }
    }
    return null;
  }

  private static Object dictionary(List<?> arguments) {
    Map<Object, Object> dictionary = new LinkedHashMap<>();
    if (!arguments.isEmpty()) {
      for (Object pair : Pickle.list(arguments.get(0))) {
        List<?> item = arguments(pair, 2);
        dictionary.put(key(item.get(0)), item.get(1));
      }
    }
    return dictionary;
  }

  private static Object only(List<?> arguments) {
    return arguments.isEmpty()
        ? List.of()
        : Collections.unmodifiableList(new ArrayList<>(Pickle.list(arguments.get(0))));
  }

  private static Object tensor(List<?> arguments) {
    List<?> given = arguments(arguments, 4);
    if (!(given.get(0) instanceof TorchStorage storage)) {
      throw Pickle.damaged();
    }
    return tensor(storage, given);
  }

  private static TorchTensor tensor(TorchStorage storage, List<?> arguments) {
    List<Integer> shape = new ArrayList<>();
    for (Object extent : Pickle.list(arguments.get(2))) {
      long value = number(extent);
      if (value < 0 || value > Integer.MAX_VALUE) {
        throw DdpmException.data(
            "a tensor has the extent %d: must be at least 0 and below 2^31.", value);
      }
      shape.add((int) value);
    }
    List<Long> strides = new ArrayList<>();
    for (Object stride : Pickle.list(arguments.get(3))) {
      strides.add(number(stride));
    }
    return new TorchTensor(storage, number(arguments.get(1)), shape, strides);
  }

  /** A storage of bytes, and behind the usual arguments the type of the elements. */
  private static Object typedTensor(List<?> arguments) {
    List<?> given = arguments(arguments, 7);
    if (!(given.get(0) instanceof TorchStorage bytes)
        || !(given.get(6) instanceof Name name)
        || !TYPES.containsKey(name.text())) {
      throw Pickle.damaged();
    }
    ElementType type = TYPES.get(name.text());
    return tensor(new TorchStorage(bytes.key(), type, 0, bytes.length() / type.bytes()), arguments);
  }

  private static Object parameter(List<?> arguments) {
    if (!(arguments(arguments, 1).get(0) instanceof TorchTensor tensor)) {
      throw Pickle.damaged();
    }
    return tensor;
  }

  /** A rule, a type, and the arguments of the rule: a tensor that has attributes. */
  private static Object ofType(List<?> arguments) {
    List<?> given = arguments(arguments, 3);
    if (!(given.get(0) instanceof Name name) || !name.text().startsWith("torch._utils._rebuild_")) {
      throw Pickle.damaged();
    }
    return RULES.get(name.text()).make(Pickle.list(given.get(2)));
  }

  private static Object bytes(List<?> arguments) {
    if (!(arguments(arguments, 1).get(0) instanceof String text)) {
      throw Pickle.damaged();
    }
    return Pickle.latin(text);
  }

  private static List<?> arguments(Object value, int atLeast) {
    List<?> list = Pickle.list(value);
    if (list.size() < atLeast) {
      throw Pickle.damaged();
    }
    return list;
  }

  private static long number(Object value) {
    if (!(value instanceof Long number)) {
      throw DdpmException.data("a size in its pickle is no number, or not one of 64 bits.");
    }
    return number;
  }

  private static String shortened(String name) {
    return name.length() <= SHOWN_CHARACTERS ? name : name.substring(0, SHOWN_CHARACTERS) + "…";
  }
}
