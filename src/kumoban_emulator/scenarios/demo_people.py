"""The people of 暁ホールディングス: names, teams, who leads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PEOPLE", "TEAMS", "Person"]

#: slug → what the team is called
TEAMS = {
    "payments": "決済基盤チーム",
    "search": "検索チーム",
    "ads": "広告チーム",
    "edge": "配信基盤チーム",
    "data": "データ基盤チーム",
    "mobile": "モバイルチーム",
    "points": "ポイントチーム",
    "logistics": "物流チーム",
    "crm": "顧客チーム",
    "finance": "経理システムチーム",
    "ml": "機械学習チーム",
    "platform": "共通基盤チーム",
}


@dataclass(frozen=True)
class Person:
    user_name: str
    display: str
    team: str
    lead: bool = False

    @property
    def english(self) -> bool:
        return self.display.isascii()


#: Per group of people: leads first (marked ``*``). English names are romanised as they are.
_ROSTER = {
    "payments": """*suzuki.hanako 鈴木 花子 | *tanaka.ichiro 田中 一郎 | sato.misaki 佐藤 美咲 | nakamura.ren 中村 蓮
        watanabe.sho 渡辺 翔 | kobayashi.makoto 小林 誠 | olivia.brown Olivia Brown | shimizu.kaito 清水 海斗
        hayashi.mio 林 美桜""",
    "search": """*emma.clark Emma Clark | yoshida.kenta 吉田 健太 | daniel.kim Daniel Kim | yamada.aoi 山田 葵
        sasaki.riku 佐々木 陸 | yamaguchi.sakura 山口 さくら | liam.murphy Liam Murphy | matsumoto.yuto 松本 悠斗
        inoue.hina 井上 陽菜""",
    "ads": """*kimura.takuya 木村 拓也 | kato.yumi 加藤 由美 | saito.daiki 斎藤 大輝 | noah.martin Noah Martin
        abe.nanami 阿部 七海 | fujita.ryo 藤田 涼 | okada.miyu 岡田 美優 | goto.hiroshi 後藤 浩
        sophie.dubois Sophie Dubois""",
    "edge": """*hasegawa.jun 長谷川 潤 | ishikawa.rin 石川 凛 | maeda.shota 前田 翔太 | ogawa.kana 小川 佳奈
        lucas.silva Lucas Silva | endo.akari 遠藤 明里 | aoki.tsubasa 青木 翼 | sakamoto.yuna 坂本 結菜
        murakami.gen 村上 元""",
    "data": """*ota.chihiro 太田 千尋 | kaneko.sora 金子 空 | fujii.haruto 藤井 陽翔 | priya.sharma Priya Sharma
        nishimura.ai 西村 愛 | fukuda.kosuke 福田 康介 | miura.haruka 三浦 遥 | takeuchi.shin 竹内 慎
        ethan.wright Ethan Wright""",
    "mobile": """*okamoto.mai 岡本 舞 | nakajima.hayato 中島 隼人 | matsuda.yuka 松田 由香 | harada.kei 原田 圭
        wei.chen Wei Chen | ono.satsuki 小野 皐月 | tamura.issei 田村 一成 | takeda.momoka 武田 桃花
        anna.schmidt Anna Schmidt""",
    "points": """*nakayama.toru 中山 徹 | ishida.miku 石田 未来 | morita.yosuke 森田 洋介 | kojima.erika 小島 絵里香
        ueda.takumi 上田 匠 | shibata.nao 柴田 奈央 | sakai.ryota 酒井 亮太 | jack.wilson Jack Wilson
        kudo.mizuki 工藤 瑞希""",
    "logistics": """*yokoyama.tetsuya 横山 哲也 | miyazaki.honoka 宮崎 穂乃香 | miyamoto.kazuki 宮本 和樹
        uchida.reina 内田 玲奈 | takagi.so 高木 颯 | ando.yuki 安藤 雪 | shimada.masato 島田 正人 | grace.lee Grace Lee
        taniguchi.saki 谷口 咲""",
    "crm": """*ohno.junko 大野 順子 | takada.eiji 高田 英二 | maruyama.ayaka 丸山 彩香 | imai.kenji 今井 健二
        kono.tomomi 河野 智美 | carlos.garcia Carlos Garcia | fujimoto.hiro 藤本 大 | muto.risa 武藤 理沙
        murata.yuji 村田 雄二""",
    "finance": """*ueno.kazuko 上野 和子 | sugiyama.akio 杉山 昭夫 | chiba.mari 千葉 真理 | masuda.taro 増田 太郎
        iwasaki.yoko 岩崎 陽子 | robert.hall Robert Hall | sakurai.shun 桜井 俊 | kuno.megumi 久野 恵
        noguchi.satoru 野口 悟""",
    "ml": """*matsui.ryosuke 松井 亮介 | aisha.khan Aisha Khan | kikuchi.nozomi 菊池 望 | nomura.taichi 野村 太一
        arai.sayaka 新井 沙也加 | marco.rossi Marco Rossi | watabe.kohei 渡部 航平 | sugawara.yui 菅原 唯
        kubo.daisuke 久保 大輔""",
    "platform": """*matsuo.shinji 松尾 真司 | chloe.evans Chloe Evans | sugimoto.airi 杉本 愛莉 | ikeda.naoto 池田 直人
        hashimoto.kyoko 橋本 京子 | ishii.takeshi 石井 武 | james.taylor James Taylor | yamashita.kotone 山下 琴音
        nakano.hiroki 中野 弘樹""",
    "ops": """*takahashi.ken 高橋 健 | *kondo.asami 近藤 麻美 | ito.naoki 伊藤 直樹 | yamamoto.yui 山本 結衣
        mia.johnson Mia Johnson | hirano.satoshi 平野 聡""",
    "security": """*takano.shiori 高野 栞 | ben.cohen Ben Cohen | nagai.masaru 永井 勝""",
    "auditors": """*mori.akira 森 明 | oishi.fumiko 大石 文子 | sakuma.rei 佐久間 怜""",
}


def _people() -> tuple[Person, ...]:
    found = []
    for team, text in _ROSTER.items():
        for words in _entries(text):
            name, *display = words
            found.append(Person(name.lstrip("*"), " ".join(display), team, name.startswith("*")))
    return tuple(found)


def _entries(text: str) -> list[list[str]]:
    """A roster's entries: three words each; lines and bars only lay it out."""
    words = text.replace("|", " ").split()
    return [words[start : start + 3] for start in range(0, len(words), 3)]


PEOPLE = _people()
