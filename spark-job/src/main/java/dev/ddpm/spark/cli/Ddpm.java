package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.EditDistance;
import java.io.PrintWriter;
import java.util.Comparator;
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
      InterpolateCommand.class,
      CompareSamplersCommand.class,
      PlanCommand.class,
      ConfigCommand.class
    })
public final class Ddpm implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Ddpm.class);

  @Spec CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show Spark's log, and the stack trace of a failure.")
  boolean verbose;

  private Ddpm() {}

  /** Runs a sub-command in this JVM and returns its exit code. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    Ddpm ddpm = new Ddpm();
    return new CommandLine(ddpm)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionStrategy(ddpm::execute)
        .setParameterExceptionHandler((exception, unused) -> ddpm.refuse(exception))
        .setExecutionExceptionHandler(
            (exception, command, unused) -> ddpm.fail(exception, command.getErr()))
        .execute(args);
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
    return exception instanceof UnmatchedArgumentException unmatched
            && !unmatched.isUnknownOption()
            && unmatched.getCommandLine().getCommandSpec() == spec
        ? "Unknown command: '" + unmatched.getUnmatched().get(0) + "'"
        : exception.getMessage();
  }

  private int fail(Exception exception, PrintWriter err) {
    Failure failure = Failure.of(exception);
    err.println("error: " + oneLine(failure.message()));
    if (verbose) {
      exception.printStackTrace(err);
    }
    LOG.debug("failed", exception);
    return failure.category().exitCode();
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*\\R\\s*", " ").strip();
  }
}
