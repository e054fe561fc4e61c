package dev.ddpm.exchange;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ImageShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What to know of an exported model, in Markdown, with the front matter that model hubs read: what
 * it was trained on and how, its figures, its licence, pictures, and how it is used and made again.
 */
public final class ModelCard {
  private static final String IMPORT = "import.";

  private final ModelDescription model;
  private final List<String> lines = new ArrayList<>();

  /**
   * What a card tells besides the model itself.
   *
   * @param title heading
   * @param hash identity of the model
   * @param licence an identifier such as apache-2.0, if one is given
   * @param figures what was measured, by its name; in this order
   * @param pictures files beside the card, by what they show
   * @param usage a program in Python that loads the exported files
   */
  public record Facts(
      String title,
      String hash,
      Optional<String> licence,
      Map<String, String> figures,
      Map<String, String> pictures,
      String usage) {}

  private ModelCard(ModelDescription model) {
    this.model = model;
  }

  /**
   * Writes a card.
   *
   * @param tensors of its weights
   */
  public static String markdown(ModelDescription model, List<TensorHeader> tensors, Facts facts) {
    ModelCard card = new ModelCard(model);
    card.frontMatter(facts);
    card.line("# " + text(facts.title()));
    card.summary(tensors);
    facts
        .pictures()
        .forEach((shows, file) -> card.paragraph("![" + text(shows) + "](" + file + ")"));
    card.section("Use", "```python\n" + facts.usage() + "\n```");
    card.training();
    card.figures(facts.figures());
    card.reproduction();
    card.section(
        "Licence", facts.licence().map(ModelCard::text).orElse("None was given for the weights."));
    card.section(
        "Identity", "`" + facts.hash() + "` (SHA-256 of architecture, schedule and weights)");
    return String.join("\n", card.lines) + "\n";
  }

  private void frontMatter(Facts facts) {
    line("---");
    facts.licence().ifPresent(licence -> line("license: " + quoted(licence)));

    line("pipeline_tag: unconditional-image-generation");
    line("tags: [ddpm, diffusion]");
    line("---");
  }

  private void summary(List<TensorHeader> tensors) {
    ImageShape shape = model.architecture().imageShape();
    paragraph(
        String.format(
            Locale.ROOT,
            "A denoising diffusion probabilistic model of %d×%d pixels and %d channels, with %,d"
                + " parameters in %d tensors. It predicts %s in %d timesteps of %s;"
                + " image values are in [%s, %s].",
            shape.height(),
            shape.width(),
            shape.channels(),
            tensors.stream().mapToLong(TensorHeader::size).sum(),
            tensors.size(),
            model.prediction().symbol(),
            model.schedule().steps(),
            schedule(model.schedule()),
            number(model.dataRange().minimum()),
            number(model.dataRange().maximum())));
  }

  private void training() {
    Map<String, String> training = provenance(/* imported= */ false);
    if (training.isEmpty()) {
      section("Training", "Nothing is recorded of how this model was trained.");
    } else {
      table("Training", "setting", training);
    }
    Map<String, String> origin = provenance(/* imported= */ true);
    if (!origin.isEmpty()) {
      table("Imported from", "what", origin);
    }
  }

  /** What is recorded of where another system's model came from, or all the rest. */
  private Map<String, String> provenance(boolean imported) {
    Map<String, String> part = new TreeMap<>(model.provenance());
    part.keySet().removeIf(key -> key.startsWith(IMPORT) != imported);
    return part;
  }

  private void figures(Map<String, String> figures) {
    if (figures.isEmpty()) {
      section("Figures", "None were in the folder of the model.");
      return;
    }
    table("Figures", "what", figures);
  }

  private void table(String title, String what, Map<String, String> rows) {
    section(title, "| " + what + " | value |\n|---|---|");
    rows.forEach((key, value) -> line("| " + text(key) + " | " + text(value) + " |"));
  }

  /** The configuration is in the provenance: every key that has a section. */
  private void reproduction() {
    String table = model.provenance().get("data.table");
    if (table == null) {
      return;
    }
    StringBuilder command = new StringBuilder("./ddpm train --data " + shell(table) + " --run RUN");
    model
        .provenance()
        .forEach(
            (key, value) -> {
              if (key.matches("(model|diffusion|training|validation)\\.[a-z0-9-]+")) {
                command.append(" \\\n  --set ").append(shell(key + "=" + value));
              }
            });
    section("Made again by", "```sh\n" + command + "\n```");
  }

  private void section(String title, String content) {
    paragraph("## " + title);
    paragraph(content);
  }

  private void paragraph(String text) {
    line("");
    line(text);
  }

  private void line(String text) {
    lines.add(text);
  }

  private static String schedule(ScheduleSpec schedule) {
    if (schedule instanceof ScheduleSpec.ZeroTerminalSnr zero) {
      return schedule(zero.rescaled()) + ", rescaled to end without signal";
    }
    if (schedule instanceof ScheduleSpec.Linear) {
      return "a linear schedule";
    }
    if (schedule instanceof ScheduleSpec.ScaledLinear) {
      return "a schedule that is linear in √β";
    }
    if (schedule instanceof ScheduleSpec.Sigmoid) {
      return "a sigmoid schedule";
    }
    return schedule instanceof ScheduleSpec.Cosine ? "a cosine schedule" : "a schedule of its own";
  }

  private static String number(float value) {
    return value == (int) value ? Integer.toString((int) value) : Float.toString(value);
  }

  private static String quoted(String value) {
    return "\""
        + value.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ")
        + "\"";
  }

  private static String shell(String word) {
    return word.matches("[\\w./:=,@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /**
   * Text that is no Markdown: a table's lines and columns, and links, are made by this class only.
   */
  private static String text(String value) {
    return value.replaceAll("\\p{Cntrl}", " ").replaceAll("([\\\\`*_{}\\[\\]<>|#])", "\\\\$1");
  }
}
