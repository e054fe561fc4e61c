package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The output folder of a job that does not go on with an earlier one. */
public final class EmptyFolder {
  private EmptyFolder() {}

  /**
   * Checks that nothing would be written over.
   *
   * @param output path of a folder, as option {@code --output} has it
   * @return the same path, with its file system if the folder exists
   * @throws DdpmException (user) if the folder is not empty or the text is no path; (environment)
   *     if it cannot be looked at
   */
  public static String require(String output, Configuration configuration) {
    try {
      Path path = new Path(output);
      FileSystem files = path.getFileSystem(configuration);
      Path folder = files.makeQualified(path);
      if (files.listStatus(folder).length > 0) {
        throw DdpmException.user(
            "--output = %s: is not empty; nothing is ever overwritten.", output);
      }
      return folder.toString();
    } catch (FileNotFoundException none) {
      return output;
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be used: %s.", output, e.getMessage());
    } catch (IllegalArgumentException e) {
      throw DdpmException.user("--output = '%s': is not a path: %s.", output, e.getMessage());
    }
  }
}
