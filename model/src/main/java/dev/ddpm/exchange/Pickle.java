package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a pickle as data. Python's pickles are programs of a stack machine; this one knows the
 * instructions that make numbers, texts and containers, of all protocols, and leaves names and what
 * is made of them to {@link PickleNames}, a fixed table. There is no instruction here that could
 * load a class or call one.
 *
 * <p>Of what is read, None is null, numbers are {@link Long}, {@link Double} and {@link
 * BigInteger}, bytes are arrays of them, lists, tuples and sets are {@link List}s, dictionaries are
 * {@link Map}s. A container may contain itself. The library that Spark carries for the purpose is
 * not used: it makes room for what a length announces before it looks whether the bytes are there,
 * and keeps its table of constructors for the whole process.
 */
final class Pickle {
  /** A training checkpoint of a thousand tensors takes a hundred thousand. */
  private static final int MAXIMUM_INSTRUCTIONS = 4_000_000;

  private static final int MAXIMUM_PROTOCOL = 5;

  private final PickleInput in;
  private final List<Object> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private final PickleNames names;

  private Pickle(PickleInput in, PickleNames names) {
    this.in = in;
    this.names = names;
  }

  /**
   * Reads one pickle.
   *
   * @param in stands behind it afterwards
   * @param names what names may stand for
   * @throws DdpmException (data) if it is none, or asks for something else than tensors, containers
   *     and numbers; the message does not name the file
   */
  static Object read(PickleInput in, PickleNames names) throws IOException {
    return new Pickle(in, names).run();
  }

  private Object run() throws IOException {
    for (int i = 0; i < MAXIMUM_INSTRUCTIONS; i++) {
      int instruction = in.unsignedByte();
      if (instruction == '.') {
        return pop();
      }
      execute(instruction);
    }
    throw DdpmException.data(
        "its pickle has more than %d instructions, which no model needs.", MAXIMUM_INSTRUCTIONS);
  }

  private void execute(int instruction) throws IOException {
    switch (instruction) {
      case 0x80 -> requireProtocol(in.unsignedByte());
      case 0x95 -> in.signedLong();
      case 'N' -> push(null);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'J' -> push((long) in.signedInt());
      case 'K' -> push((long) in.unsignedByte());
      case 'M' -> push((long) in.unsignedShort());
      case 0x8a -> push(integer(in.bytes(in.unsignedByte())));
      case 'G' -> push(in.bigEndianDouble());
      case 'X' -> push(in.text(in.unsignedInt()));
      case 0x8c -> push(in.text(in.unsignedByte()));
      case 0x8d -> push(in.text(in.signedLong()));
      case 'T' -> push(in.text(in.signedInt()));
      case 'U' -> push(in.text(in.unsignedByte()));
      case 'B' -> push(in.bytes(in.unsignedInt()));
      case 'C' -> push(in.bytes(in.unsignedByte()));
      case 0x8e -> push(in.bytes(in.signedLong()));
      case '(' -> marks.add(stack.size());
      case '0' -> pop();
      case '1' -> popToMark();
      case ')' -> push(List.of());
      case 't' -> push(Collections.unmodifiableList(popToMark()));
      case 0x85 -> push(Collections.unmodifiableList(pop(1)));
      case 0x86 -> push(Collections.unmodifiableList(pop(2)));
      case 0x87 -> push(Collections.unmodifiableList(pop(3)));
      case ']', 0x8f -> push(new ArrayList<>());
      case 'l' -> push(popToMark());
      case 0x91 -> push(Collections.unmodifiableList(popToMark()));
      case 'a' -> append(pop(1));
      case 'e', 0x90 -> append(popToMark());
      case '}' -> push(new LinkedHashMap<>());
      case 'd' -> {
        List<Object> items = popToMark();
        push(new LinkedHashMap<>());
        put(items);
      }
      case 's' -> put(pop(2));
      case 'u' -> put(popToMark());
      case 'I' -> push(decimal(in.line()));
      case 'L' -> push(decimal(in.line().replaceFirst("L$", "")));
      case 'F' -> push(number(in.line()));
      case 'V', 'S' -> push(in.line());
      case 'p' -> memo.put(index(in.line()), top());
      case 'g' -> push(remembered(index(in.line())));
      case 'i' -> {
        Object name = names.named(in.line() + "." + in.line());
        push(names.make(name, popToMark()));
      }
      case 'o' -> {
        List<Object> call = popToMark();
        push(names.make(first(call), call.subList(1, call.size())));
      }
      case 'c' -> push(names.named(in.line() + "." + in.line()));
      case 0x93 -> {
        List<Object> parts = pop(2);
        push(names.named(text(parts.get(0)) + "." + text(parts.get(1))));
      }
      case 'R', 0x81 -> {
        List<Object> call = pop(2);
        push(names.make(call.get(0), list(call.get(1))));
      }
      case 'b' -> {
        pop();
        requireAttributes(top());
      }
      case 'Q' -> push(names.stored(list(pop())));
      case 'q' -> memo.put((long) in.unsignedByte(), top());
      case 'r' -> memo.put(in.unsignedInt(), top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> push(remembered(in.unsignedByte()));
      case 'j' -> push(remembered(in.unsignedInt()));
      default ->
          throw DdpmException.data(
              "byte %d of its pickle is the instruction 0x%02x, which is not of those that make"
                  + " tensors, containers and numbers.",
              in.taken() - 1, instruction);
    }
  }

  private static void requireProtocol(int protocol) {
    if (protocol > MAXIMUM_PROTOCOL) {
      throw DdpmException.data(
          "its pickle is of protocol %d: at most %d can be read.", protocol, MAXIMUM_PROTOCOL);
    }
  }

  private static Object integer(byte[] littleEndian) {
    byte[] bigEndian = new byte[littleEndian.length];
    for (int i = 0; i < bigEndian.length; i++) {
      bigEndian[i] = littleEndian[bigEndian.length - 1 - i];
    }
    if (bigEndian.length == 0) {
      return 0L;
    }
    BigInteger integer = new BigInteger(bigEndian);
    return integer.bitLength() < Long.SIZE ? (Object) integer.longValue() : integer;
  }

  /** A number in letters, or a truth value, which is one of two digits. */
  private static Object decimal(String text) {
    if (text.equals("00") || text.equals("01")) {
      return text.equals("01");
    }
    return index(text);
  }

  private static Long index(String text) {
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw damaged();
    }
  }

  private static Double number(String text) {
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw damaged();
    }
  }

  private static Object first(List<Object> values) {
    if (values.isEmpty()) {
      throw damaged();
    }
    return values.get(0);
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw damaged();
    }
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    Object top = top();
    stack.remove(stack.size() - 1);
    return top;
  }

  private List<Object> pop(int count) {
    if (stack.size() < count) {
      throw damaged();
    }
    return cut(stack.size() - count);
  }

  private List<Object> popToMark() {
    if (marks.isEmpty() || marks.get(marks.size() - 1) > stack.size()) {
      throw damaged();
    }
    return cut(marks.remove(marks.size() - 1));
  }

  /** Takes the upper end of the stack off, as a list. */
  private List<Object> cut(int from) {
    List<Object> end = stack.subList(from, stack.size());
    List<Object> values = new ArrayList<>(end);
    end.clear();
    return values;
  }

  @SuppressWarnings("unchecked") // lists of a pickle hold objects
  private void append(List<Object> values) {
    if (!(top() instanceof ArrayList<?> list)) {
      throw damaged();
    }
    ((List<Object>) list).addAll(values);
  }

  @SuppressWarnings("unchecked") // dictionaries of a pickle hold objects
  private void put(List<Object> items) {
    if (!(top() instanceof LinkedHashMap<?, ?> dictionary) || items.size() % 2 != 0) {
      throw damaged();
    }
    for (int i = 0; i < items.size(); i += 2) {
      ((Map<Object, Object>) dictionary).put(PickleNames.key(items.get(i)), items.get(i + 1));
    }
  }

  /** Attributes, such as the versions of a state dict's modules, are left out. */
  private static void requireAttributes(Object of) {
    if (!(of instanceof Map || of instanceof TorchTensor || of == PickleNames.IGNORED)) {
      throw DdpmException.data("its pickle sets attributes of something that is no container.");
    }
  }

  private Object remembered(long index) {
    if (!memo.containsKey(index)) {
      throw damaged();
    }
    return memo.get(index);
  }

  static List<?> list(Object value) {
    if (!(value instanceof List<?> list)) {
      throw damaged();
    }
    return list;
  }

  private static String text(Object value) {
    if (!(value instanceof String text)) {
      throw damaged();
    }
    return text;
  }

  /** Bytes as the text of Latin letters that Python keeps them in below protocol 3. */
  static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static DdpmException damaged() {
    return DdpmException.data("its pickle is damaged.");
  }
}
