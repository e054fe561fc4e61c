package dev.ddpm.spark.cli;

/** A command that goes on where it was interrupted. */
interface Resumable {

  /** How, as a sentence without its full stop. */
  String goingOn();
}
