package dev.ddpm.exchange;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of tensors in diffusers: the layers of attention were once called otherwise. */
final class DiffusersNames {
  private static final Pattern ATTENTION =
      Pattern.compile("(.*\\.attentions\\.\\d+\\.)(query|key|value|proj_attn)\\.(weight|bias)");

  private static final Map<String, String> HEIRS =
      Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");

  private DiffusersNames() {}

  /** The name that a tensor has today. */
  static String current(String name) {
    Matcher old = ATTENTION.matcher(name);
    return old.matches() ? old.group(1) + HEIRS.get(old.group(2)) + "." + old.group(3) : name;
  }
}
