package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.EditDistance;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line {@code ddpm}, with one sub-command per job.
 *
 * <p>Exit codes: 0 success, 1 a defect of the program, 2 a wrong option or configuration, 3 missing
 * or damaged data, 4 a machine or cluster that cannot do what is asked. A failure prints one line
 * {@code error: …} to the standard error; {@code --verbose} adds its stack trace and Spark's log.
 */
@Command(
    name = "ddpm",
    description = "Trains diffusion models on Apache Spark and samples images from them.",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    usageHelpWidth = 100,
    subcommands = {
      IngestCommand.class,
      TrainCommand.class,
      SampleCommand.class,
      EvaluateCommand.class,
      EmaCommand.class,
      ClassifierCommand.class,
      InterpolateCommand.class,
      CompareSamplersCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      PlanCommand.class,
      ConfigCommand.class
    })
public final class Ddpm implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Ddpm.class);

  /** Characters of an error: the longest sentences of this program, with long paths in them. */
  private static final int LONGEST_LINE = 2000;

  private static final int LAST_WORDS = 500;

  @Spec CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show Spark's log, and the stack trace of a failure.")
  boolean verbose;

  private final Interruption interruption;

  Ddpm(Interruption interruption) {
    this.interruption = interruption;
  }

  /** Runs a sub-command in this JVM and returns its exit code. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    return run(out, err, Interruption.never(), args);
  }

  /** Runs a sub-command that may be interrupted; then it prints nothing more. */
  public static int run(
      PrintWriter out, PrintWriter err, Interruption interruption, String... args) {
    Ddpm ddpm = new Ddpm(interruption);
    PrintWriter errors = Visible.printing(err);
    try {
      return ddpm.commandLine()
          .setOut(Visible.printing(out))
          .setErr(errors)
          .setExecutionStrategy(ddpm::execute)
          .setParameterExceptionHandler((exception, unused) -> ddpm.refuse(exception))
          .setExecutionExceptionHandler((exception, unused, parsed) -> ddpm.fail(exception, errors))
          .execute(args);
    } catch (Throwable thrown) { // Picocli lets errors pass, such as that of a full heap or disk.
      return ddpm.fail(thrown, errors);
    }
  }

  /** The commands and their options, as they are parsed. */
  CommandLine commandLine() {
    return new CommandLine(this)
        // A name that begins with @ is a name.
        .setExpandAtFiles(false)
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  /** Without a sub-command: says what there is. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private int execute(ParseResult parsed) {
    if (verbose) {
      Verbosity.showEverything();
    }
    try {
      for (ParseResult command = parsed; command != null; command = command.subcommand()) {
        Ranges.check(command);
      }
    } catch (DdpmException outOfRange) {
      return fail(outOfRange, spec.commandLine().getErr());
    }
    List<CommandLine> commands = parsed.asCommandLineList();
    if (commands.get(commands.size() - 1).getCommand() instanceof Resumable resumable) {
      interruption.canGoOn(Optional.of(resumable.goingOn()));
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private int refuse(ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    StringBuilder line = new StringBuilder("error: ").append(oneLine(message(exception)));
    if (exception instanceof UnmatchedArgumentException unmatched) {
      nearest(unmatched).ifPresent(word -> line.append("; did you mean ").append(word).append("?"));
    }
    line.append(" (see '").append(command.getCommandSpec().qualifiedName()).append(" --help')");
    command.getErr().println(line);
    return DdpmException.Category.USER.exitCode();
  }

  private static Optional<String> nearest(UnmatchedArgumentException unmatched) {
    String word = unmatched.getUnmatched().get(0);
    return unmatched.getSuggestions().stream()
        .min(Comparator.comparingInt(suggestion -> EditDistance.between(word, suggestion)));
  }

  /** Picocli calls a misspelt command an unmatched argument at index 0. */
  private String message(ParameterException exception) {
    Optional<String> outOfRange = Ranges.refusal(exception);
    if (outOfRange.isPresent()) {
      return outOfRange.get();
    }
    return exception instanceof UnmatchedArgumentException unmatched
            && !unmatched.isUnknownOption()
            && unmatched.getCommandLine().getCommandSpec() == spec
        ? "Unknown command: '" + unmatched.getUnmatched().get(0) + "'"
        : exception.getMessage();
  }

  private int fail(Throwable thrown, PrintWriter err) {
    Failure failure = Failure.of(thrown);
    if (interruption.isUnderWay()) {
      return failure.category().exitCode();
    }
    err.println("error: " + oneLine(failure.message()));
    if (verbose) {
      thrown.printStackTrace(err);
    }
    LOG.debug("failed", thrown);
    return failure.category().exitCode();
  }

  /** The text on one line, without its middle if it is longer than any reader would read. */
  private static String oneLine(String text) {
    String line = text.replaceAll("\\s*\\R\\s*", " ").strip();
    return line.length() <= LONGEST_LINE
        ? line
        : line.substring(0, LONGEST_LINE - LAST_WORDS)
            + " … "
            + line.substring(line.length() - LAST_WORDS);
  }
}
