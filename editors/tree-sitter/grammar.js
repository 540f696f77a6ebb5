// The grammar of Kiln for editors. `lang/kiln.ungram` is the grammar itself; this one accepts every
// text that it accepts, and some more, and has fewer kinds of nodes.
//
// An item ends at a newline, at `;`, or before `}`. Where the grammar allows the end of an item, the
// scanner makes the newline a token, unless the next line goes on with the item; everywhere else
// newlines are white space.

const ROLES = ['build', 'host', 'run', 'test', 'extends'];

// Words that begin items, and are names of options too: `build = sh"make"`.
const ITEM_WORDS = [
  ...ROLES, 'arg', 'compile', 'conflict', 'enum', 'exports', 'feature', 'field', 'fn', 'for',
  'ignore', 'include', 'knob', 'let', 'mixin', 'output', 'overlays', 'pkgs', 'policy', 'preset',
  'provides', 'publish', 'record', 'require', 'step', 'steps', 'type', 'use', 'versions', 'want',
  'when', 'recipe', 'override', 'overlay', 'project', 'module', 'interface',
];

const sep1 = (rule, separator) => seq(rule, repeat(seq(separator, rule)));
const items = ($, item) =>
  seq(repeat(choice($._end, seq(item, $._end))), optional(item));
const list = (rule) => optional(seq(sep1(rule, ','), optional(',')));

module.exports = grammar({
  name: 'kiln',

  externals: $ => [
    $._newline,
    $.string_open,
    $.shell_open,
    $.string_content,
    $.shell_content,
    $.interpolation_open,
    $.string_close,
    $._error_sentinel,
  ],

  extras: $ => [/[\s\ufeff]/, $.comment, $.doc_comment],

  word: $ => $.identifier,

  supertypes: $ => [$._expression],

  conflicts: $ => [
    [$.spec],
    [$._keyword_path, $.dot_name],
    [$.header],
    [$.spec, $.test],
    [$.header, $._item],
    [$._path_name, $._literal],
    [$.name_expression, $.lambda],
  ],

  rules: {
    source_file: $ => items($, choice($.header, $._item)),

    _end: $ => choice($._newline, ';'),

    header: $ => prec.right(seq(
      repeat(seq($.attribute, optional($._newline))),
      choice('recipe', 'override', 'overlay', 'project', 'module', 'interface'),
      optional(field('name', $.identifier)),
    )),

    block: $ => seq('{', items($, $._item), '}'),

    attribute: $ => prec.right(seq('@', field('name', $.identifier), optional($.arguments))),
    _attributes: $ => repeat1(prec.right(seq($.attribute, repeat($._newline)))),

    _item: $ => choice(
      seq(optional($._attributes), choice(
        $.feature, $.knob, $.field, $.enum, $.record, $.type_alias, $.function, $.let,
        $.dependency, $.provides, $.rule, $.step, $.mixin, $.compile, $.output, $.test, $.preset,
        $.setting,
      )),
      $.versions, $.unavailable, $.arg, $.steps, $.include, $.use, $.exports, $.ignore_exports,
      $.when, $.for, $.want, $.overlays, $.policy, $.pkgs_where, $.amend, $.spec_statement, $.arm,
    ),

    //------ declarations

    feature: $ => seq('feature', field('name', $._name), optional(seq('=', $._expression)),
      repeat($._tail), optional($.block)),
    knob: $ => seq('knob', field('name', $._name), ':', $._type, optional(seq('=', $._expression)),
      repeat($._tail), optional($.block)),
    field: $ => seq('field', field('name', $._name), ':', $._type,
      optional(seq('=', $._expression))),
    _tail: $ => choice(seq('join', $.identifier), $.condition, 'split', 'sticky'),
    condition: $ => seq('when', $._expression),

    enum: $ => seq('enum', field('name', $._name), $.enum_body),
    enum_body: $ => seq('{', repeat(choice($._end, ',', $.enumerator, $.group)), '}'),
    enumerator: $ => prec.right(seq(
      optional($._attributes),
      field('name', choice($.identifier, $.integer, $.version, $.string)),
      optional(seq('=', $._expression)),
      optional($.condition),
    )),
    group: $ => seq('group', field('name', $.identifier), '{',
      repeat(choice($.identifier, $.integer, $.version, $.string, ',')), '}'),
    record: $ => seq('record', field('name', $._name), '{',
      repeat(choice($._end, ',', seq(optional($._attributes), $.field))), '}'),
    type_alias: $ => seq('type', field('name', $._name), '=', $._type),
    function: $ => seq('fn', field('name', $._name), $.parameters, ':', $._type, '=',
      $._expression),
    parameters: $ => seq('(', list($.parameter), ')'),
    parameter: $ => seq(field('name', $.identifier), ':', $._type,
      optional(seq('=', $._expression))),
    let: $ => seq('let', field('name', $._name), optional(seq(':', $._type)), '=', $._expression),
    versions: $ => seq('versions', '{', repeat(choice($._end, ',', $.version_entry)), '}'),
    version_entry: $ => prec.right(seq(
      optional($._attributes),
      choice($.version, $.integer, $.identifier, $.string),
      optional($.block),
    )),

    //------ dependencies and rules

    dependency: $ => seq(field('role', choice(...ROLES)), $.spec, repeat($._requirement),
      repeat(choice($.condition, 'exact', $._as))),
    _as: $ => seq('as', $.identifier),
    spec: $ => seq(field('name', choice($.path, $.string)), optional($.spec_items)),
    spec_items: $ => seq('[', list($.spec_item), ']'),
    spec_item: $ => seq(optional('~'), $.path,
      optional(seq(choice('=', '+=', '-='), $._expression))),
    _requirement: $ => choice($.version_requirement, $.requirement_group),
    version_requirement: $ => seq(choice('==', '!=', '>=', '<=', '>', '<'), $._primary),
    requirement_group: $ => seq('(', sep1(repeat1($.version_requirement), '|'), ')'),
    provides: $ => seq('provides', $.identifier, repeat($._requirement),
      repeat(seq('with', $.identifier, repeat($._requirement))), optional($.condition)),
    rule: $ => prec.right(seq(choice('require', 'conflict'), $._expression, optional($.condition),
      optional(field('message', $.string)))),
    unavailable: $ => prec.right(seq('unavailable', optional($.condition),
      optional(field('message', $.string)))),

    //------ how it is built

    arg: $ => prec.right(seq('arg', $._expression, optional(seq('else', $._expression)))),
    step: $ => seq('step', field('name', $._name),
      optional(seq(choice('before', 'after'), $._name)), '=', $._expression),
    steps: $ => seq('steps', $.path, optional($.block)),
    include: $ => seq('include', $.path, optional($.condition)),
    use: $ => seq('use', choice($.string, $.path), optional($._as),
      optional(seq('from', $.identifier))),
    mixin: $ => seq('mixin', field('name', $._name), $.block),
    compile: $ => seq('compile', field('name', $._name), $.block),
    preset: $ => seq('preset', field('name', $._name), $.block),
    output: $ => seq('output', field('name', $._name), optional(seq('from', $.identifier)),
      optional($.condition), optional($.block)),
    exports: $ => seq('exports', $.export_list, optional($.condition)),
    export_list: $ => seq('{', repeat(choice($._end, ',', $.export, $.export_when)), '}'),
    export_when: $ => seq('when', $._expression, $.export_list),
    export: $ => prec.right(seq(field('key', $.identifier), $.spec, repeat($._requirement),
      repeat(choice($.condition, 'exact', $._as)))),
    ignore_exports: $ => seq('ignore', 'exports', choice('from', 'of'), $.identifier,
      optional(seq('to', $._name)), optional($.condition)),
    test: $ => seq('test', field('name', $.string), optional(seq('in', $.identifier)),
      optional(seq('=', $._expression)), optional($.condition), optional($.block)),
    when: $ => seq('when', $._expression, $.block, optional(seq('else', $.block))),
    for: $ => seq('for', $.identifier, 'in', $._expression, $.block),

    //------ settings

    setting: $ => seq(field('option', $._option_path), choice('=', '+=', '-='), $._expression),
    // A path that may begin with a word of the grammar.
    _option_path: $ => choice($.path, alias($._keyword_path, $.path)),
    _keyword_path: $ => prec(-1, seq(alias(choice(...ITEM_WORDS), $.identifier),
      repeat(seq('.', $.identifier)))),
    amend: $ => seq(optional('?'), field('name', $.path), choice($.block, $.unavailable)),
    arm: $ => seq(choice(sep1($._pattern, ','), 'else'), '=>', choice($.block, $._item)),
    _pattern: $ => choice($._literal, $.string, $.path, $.dot_name,
      alias($._literal_range, $.range)),
    _literal_range: $ => seq($._literal, choice('..', '..='), $._literal),
    spec_statement: $ => seq($.path, $.spec_items),
    want: $ => seq(choice('want', 'publish'), sep1($._wish, ',')),
    _wish: $ => seq($.spec, repeat($._requirement), optional($._as)),
    overlays: $ => seq('overlays', $._expression),
    policy: $ => prec.right(seq('policy', $.spec, repeat($._requirement), optional($.string))),
    pkgs_where: $ => seq('pkgs', 'where', 'has', choice('feature', 'knob'), $.identifier, $.block),

    //------ types

    _type: $ => choice($.named_type, $.enum_type, $.optional_type),
    named_type: $ => prec.right(seq($.path, optional($.type_arguments), optional($.refinement))),
    type_arguments: $ => seq('<', sep1($._type, ','), '>'),
    refinement: $ => seq('(', optional($._expression),
      optional(seq('where', $._expression, 'else', $.string)), ')'),
    enum_type: $ => seq('enum', $.enum_body),
    optional_type: $ => seq($._type, '?'),

    //------ expressions

    _expression: $ => choice(
      $._primary, $.binary, $.prefix, $.range, $.if, $.match, $.lambda, $.with,
    ),
    _primary: $ => choice($._literal, $.string, $.name_expression, $.dot_name, $.member, $.call,
      $.parenthesized, $.set, $.list),
    name_expression: $ => $.identifier,
    dot_name: $ => seq('.', $.identifier),
    member: $ => prec.left(9, seq($._primary, '.', field('name', $.identifier))),
    call: $ => prec.left(9, seq(field('function', $._primary), $.arguments)),
    arguments: $ => seq('(', list($.argument), ')'),
    argument: $ => seq(optional(seq(field('name', $.identifier), '=')), $._expression),
    parenthesized: $ => seq('(', $._expression, ')'),
    lambda: $ => prec.right(seq('(', optional(sep1($.identifier, ',')), ')', '->', $._expression)),
    binary: $ => choice(
      ...[
        [1, '|'], [2, '&'],
        [3, choice('==', '!=', '<', '<=', '>', '>=', 'in',
          seq('has', optional(choice('any', 'all'))))],
        [6, choice('+', '-')], [7, choice('*', '%')],
      ].map(([power, operator]) =>
        prec.left(power, seq($._expression, field('operator', operator), $._expression))),
    ),
    prefix: $ => prec(8, seq(choice('!', '-'), $._expression)),
    range: $ => choice(
      prec.left(5, seq($._expression, choice('..', '..='), $._expression)),
      prec.right(5, seq(choice('..', '..='), $._expression)),
      prec.left(4, seq($._expression, choice('..', '..='))),
    ),
    if: $ => prec.right(seq('if', $._expression, 'then', $._expression, 'else', $._expression)),
    match: $ => seq('match', $._expression, '{', repeat(choice($._end, ',', $.match_arm)), '}'),
    match_arm: $ => prec.right(seq(choice(sep1($._expression, ','), 'else'), '=>', $._expression)),
    with: $ => prec.right(seq('with', $.spec, optional($._as), repeat($._requirement))),

    set: $ => seq('{', list($._element), '}'),
    list: $ => seq('[', list($._element), ']'),
    _element: $ => choice($._expression, $.spread, $.entry, $.for_element, $.when_element),
    spread: $ => prec(10, seq('..', $._expression)),
    entry: $ => seq(field('key', $._expression), ':', field('value', $._expression)),
    for_element: $ => seq('for', $.identifier, 'in', $._expression,
      optional(seq('when', $._expression)), '=>', $._element),
    when_element: $ => seq('when', $._expression, '=>', $._element),

    //------ tokens

    string: $ => choice(
      seq($.string_open, repeat(choice($.string_content, $.interpolation)), $.string_close),
      seq($.shell_open, repeat(choice($.shell_content, $.interpolation)), $.string_close),
    ),
    interpolation: $ => seq($.interpolation_open, $._expression, ')'),

    path: $ => prec.left(seq($._path_name, repeat(seq('.', $.identifier)))),
    _path_name: $ => choice($.identifier, alias($.version, $.identifier)),
    // Where only a name can stand, every word is one.
    _name: $ => $.identifier,
    identifier: _ => /[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*/,

    _literal: $ => choice($.integer, $.version, $.series, $.quantity, $.regex),
    integer: _ => token(choice(/[0-9][0-9_]*/, /0x[0-9a-fA-F_]+/)),
    version: _ => token(choice(
      /[0-9]+(\.[0-9A-Za-z_]+)+([-+~][0-9A-Za-z_]+(\.[0-9A-Za-z_]+)*)*/,
      /[0-9]+[A-Za-z][0-9A-Za-z_]*(\.[0-9A-Za-z_]+)*([-+~][0-9A-Za-z_]+(\.[0-9A-Za-z_]+)*)*/,
    )),
    series: _ => /[0-9]+(\.[0-9A-Za-z_]+)*\.\*/,
    quantity: _ => token(prec(1, seq(/[0-9][0-9_]*/, optional(' '),
      choice('B', 'KiB', 'MiB', 'GiB', 'TiB', 'ns', 'us', 'ms', 's', 'min', 'h', 'd')))),
    regex: _ => token(seq('/', repeat1(choice(/[^\/\n\\*]/, /\\./, '*')), '/')),

    comment: _ => token(seq('//', optional(seq(/[^\/!\n]/, /[^\n]*/)))),
    doc_comment: _ => token(choice(seq('///', /[^\n]*/), seq('//!', /[^\n]*/))),
  },
});
